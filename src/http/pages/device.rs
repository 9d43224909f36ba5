/// Browsers by what their `User-Agent` holds, those that also claim to be another one first.
const BROWSERS: [(&str, &str); 14] = [
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems by what the `User-Agent` holds, the more particular first.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Mac OS X", "Mac"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// Programs that are no browsers, by how their `User-Agent` begins.
const PROGRAMS: [(&str, &str); 15] = [
    ("curl/", "curl"),
    ("Wget/", "wget"),
    ("HTTPie/", "HTTPie"),
    ("xh/", "xh"),
    ("PostmanRuntime/", "Postman"),
    ("insomnia/", "Insomnia"),
    ("python-requests/", "a Python program"),
    ("python-httpx/", "a Python program"),
    ("Python-urllib/", "a Python program"),
    ("Python/", "a Python program"),
    ("Go-http-client/", "a Go program"),
    ("okhttp/", "an Android app"),
    ("Dart/", "a mobile app"),
    ("node", "a Node.js program"),
    ("Java/", "a Java program"),
];

/// From what kind of device a request came, in few words: `Chrome on Windows`, `curl`.
///
/// Only words of ours come out, never a part of the header, so it is safe to show and to mail.
/// Whoever asks may have lied.
pub fn device(user_agent: Option<&str>) -> String {
    let agent = user_agent.unwrap_or_default();
    if let Some((_, name)) = PROGRAMS.iter().find(|(begins, _)| agent.starts_with(begins)) {
        return (*name).to_owned();
    }
    let among = |table: &[(&str, &'static str)]| {
        table.iter().find(|(holds, _)| agent.contains(holds)).map(|(_, name)| *name)
    };
    match (among(&BROWSERS), among(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("an app on {system}"),
        (None, None) => "an unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) \
         AppleWebKit/605.1.15 (KHTML, like Gecko)";
    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

    #[rstest]
    #[case(WINDOWS, "Chrome on Windows")]
    #[case(&format!("{WINDOWS} Edg/142.0.0.0"), "Edge on Windows")]
    #[case(&format!("{WINDOWS} OPR/120.0.0.0"), "Opera on Windows")]
    #[case(&format!("{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1"), "Safari on iPhone")]
    #[case(&format!("{IPHONE} CriOS/142.0 Mobile/15E148 Safari/604.1"), "Chrome on iPhone")]
    #[case(&format!("{IPHONE} FxiOS/144.0 Mobile/15E148 Safari/604.1"), "Firefox on iPhone")]
    #[case(&format!("{IPHONE} Mobile/15E148"), "an app on iPhone")]
    #[case(
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
        "Firefox on Linux"
    )]
    #[case(
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet on Android"
    )]
    #[case(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
        "Safari on Mac"
    )]
    #[case("curl/8.14.1", "curl")]
    #[case("python-httpx/0.28", "a Python program")]
    #[case("<script>alert(1)</script>", "an unknown device")]
    #[case("", "an unknown device")]
    fn a_device_is_told_in_few_words(#[case] agent: &str, #[case] words: &str) {
        assert_eq!(device(Some(agent)), words);
    }

    #[test]
    fn no_header_is_an_unknown_device() {
        assert_eq!(device(None), "an unknown device");
    }
}
