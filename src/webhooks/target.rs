use super::Reach;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The longest URL that is kept.
const MAX_URL: usize = 2_048;

/// Why nothing can be sent to a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not a URL with a host, or too long.
    #[error("write a whole URL of at most 2048 characters, such as https://app.example.com/hooks")]
    Malformed,
    /// A user or a password in it.
    #[error("a URL with a user or a password is refused: it would end up in lists and logs")]
    Credentials,
    /// A fragment, which is never sent.
    #[error("a URL with a # is refused: what follows it is never sent")]
    Fragment,
    /// Neither https, nor http to this machine.
    #[error(
        "write https://…: http is only for loopback addresses that --webhook-allow \
         (AFTERCLICK_WEBHOOK_ALLOW) names"
    )]
    Plain,
    /// An address that is not of the public Internet.
    #[error(
        "that address is not of the public Internet: --webhook-allow (AFTERCLICK_WEBHOOK_ALLOW) \
         can allow its network"
    )]
    Inside,
}

/// Reads where a webhook is, and refuses what could not be sent to.
///
/// A name is looked up when there is something to send, and again each time: what it stands for
/// is held to `reach` then.
///
/// # Errors
///
/// [`BadTarget`].
pub fn target(text: &str, reach: &Reach) -> Result<Url, BadTarget> {
    let url = Url::parse(text).map_err(|_| BadTarget::Malformed)?;
    if url.as_str().len() > MAX_URL {
        return Err(BadTarget::Malformed);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadTarget::Credentials);
    }
    if url.fragment().is_some() {
        return Err(BadTarget::Fragment);
    }
    let address = match url.host().ok_or(BadTarget::Malformed)? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    };
    match (url.scheme(), address) {
        ("https", Some(address)) if !reach.permits(address) => Err(BadTarget::Inside),
        ("https", _) => Ok(url),
        ("http", Some(address)) if reach.permits_plain(address) => Ok(url),
        ("http", None) if url.host_str() == Some("localhost") => {
            let ours: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            let allowed = ours.iter().any(|address| reach.permits_plain(*address));
            allowed.then_some(url).ok_or(BadTarget::Plain)
        }
        ("http", _) => Err(BadTarget::Plain),
        _ => Err(BadTarget::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://app.example.com/hooks?a=b", None)]
    #[case("https://8.8.8.8:8443/", None)]
    #[case("https://[2606:4700::1111]/", None)]
    #[case("", Some(BadTarget::Malformed))]
    #[case("app.example.com", Some(BadTarget::Malformed))]
    #[case("ftp://app.example.com", Some(BadTarget::Malformed))]
    #[case("file:///etc/passwd", Some(BadTarget::Malformed))]
    #[case("https://", Some(BadTarget::Malformed))]
    #[case("https://ana@app.example.com/", Some(BadTarget::Credentials))]
    #[case("https://:x@app.example.com/", Some(BadTarget::Credentials))]
    #[case("https://app.example.com/#x", Some(BadTarget::Fragment))]
    #[case("http://app.example.com/", Some(BadTarget::Plain))]
    #[case("http://localhost/", Some(BadTarget::Plain))]
    #[case("http://127.0.0.1/", Some(BadTarget::Plain))]
    #[case("https://127.0.0.1/", Some(BadTarget::Inside))]
    #[case("https://2130706433/", Some(BadTarget::Inside))]
    #[case("https://0x7f.1/", Some(BadTarget::Inside))]
    #[case("https://0177.0.0.1/", Some(BadTarget::Inside))]
    #[case("https://127.1/", Some(BadTarget::Inside))]
    #[case("https://①②⑦.0.0.1/", Some(BadTarget::Inside))]
    #[case("https://169.254.169.254/latest", Some(BadTarget::Inside))]
    #[case("https://[::ffff:7f00:1]/", Some(BadTarget::Inside))]
    #[case("https://[::]/", Some(BadTarget::Inside))]
    fn s25_a_url_that_leads_inside_is_refused(
        #[case] text: &str,
        #[case] refused: Option<BadTarget>,
    ) {
        assert_eq!(target(text, &Reach::default()).err(), refused, "{text}");
    }

    #[test]
    fn s25_http_is_for_this_machine_where_it_is_allowed() {
        let networks = ["127.0.0.0/8", "10.0.0.0/8"].map(|network| network.parse().unwrap());
        let reach = Reach::beside(networks.to_vec());

        for good in ["http://127.0.0.1:9/", "http://localhost:9/", "https://10.0.0.1/"] {
            assert!(target(good, &reach).is_ok(), "{good}");
        }
        assert_eq!(target("http://10.0.0.1/", &reach), Err(BadTarget::Plain));
        assert_eq!(target("http://[::1]/", &reach), Err(BadTarget::Plain));
        let long = format!("https://app.example.com/{}", "x".repeat(MAX_URL));
        assert_eq!(target(&long, &reach), Err(BadTarget::Malformed));
    }
}
