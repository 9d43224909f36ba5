//! What operators see: their own listener, the documentation, and metrics before the first event.

use super::support::{App, Device, PASSWORD};
use std::collections::BTreeSet;
use std::path::Path;

/// Every word of `text` that looks like one of our metrics, without the suffixes of histograms.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_part =
        |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter.is_ascii_digit();
    let words = text.split(|letter: char| !is_part(letter));
    let ours = words.filter(|word| word.starts_with("afterclick_"));
    let plain = |word: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        suffixes.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()
    };
    ours.map(plain).collect()
}

/// What `/metrics` describes.
async fn described(app: &App) -> BTreeSet<String> {
    // The first request is counted when it has been answered.
    app.device().get("/healthz").await.expect(200);
    let text = app.device().get("/metrics").await.expect(200).text;
    let lines = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_in_the_code_is_described() {
    let app = App::start().await;
    let mut used = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let calls = ["counter!(\"", "gauge!(\"", "histogram!(\""];
            let found = calls.iter().flat_map(|call| text.split(call).skip(1));
            used.extend(found.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    used.retain(|name| !name.starts_with("afterclick_test"));

    let described = described(&app).await;

    assert!(used.len() > 15);
    assert_eq!(used.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_and_a_dashboard_name_only_what_there_is() {
    let app = App::start().await;
    let described = described(&app).await;
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    for file in ["prometheus/afterclick.rules.yml", "grafana/afterclick.json"] {
        let named = metrics(&std::fs::read_to_string(deploy.join(file)).unwrap());

        assert!(named.len() > 5, "{file}");
        let unknown: Vec<_> = named.difference(&described).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let link = app.link("ana@example.com").await;
    let scanner = app.device();
    scanner.get(&link).await.expect(200);
    let browser = scanner.request(reqwest::Method::GET, &link).header("sec-fetch-mode", "navigate");
    scanner.send(browser).await.expect(200);
    ana.press(&link).await.expect(200);
    tab.expect("email.verified").await;

    let text = ana.get("/metrics").await.expect(200).text;

    for line in [
        "afterclick_sign_ups_total 1",
        "afterclick_log_ins_total{outcome=\"granted\"} 1",
        "afterclick_link_views_total{by=\"scanner\"} 1",
        "afterclick_link_views_total{by=\"person\"} 1",
        "afterclick_clicks_total{outcome=\"verified\"} 1",
        "afterclick_mails_total{outcome=\"delivered\"} 1",
        "afterclick_commit_to_last_stream_seconds_count 1",
        "afterclick_mail_server_up 1",
        "afterclick_limits_hit_total{limit=\"code\"} 0",
    ] {
        assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_have_an_address_of_their_own() {
    let app = App::with(&["--admin-listen", "127.0.0.1:0"]).await;
    let everybody = app.device();
    let operator = Device::new(format!("http://{}", app.operator_address().unwrap()));

    for path in ["/metrics", "/docs", "/docs/"] {
        everybody.get(path).await.expect_problem(404, "not_found");
    }
    for path in ["/metrics", "/docs/", "/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(operator.get(path).await.status, 200, "{path}");
    }
    for path in ["/", "/v1/me", "/v1/stream", "/dev/inbox", "/verify/x", "/reset"] {
        operator.get(path).await.expect_problem(404, "not_found");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(everybody.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_needs_nobody_else() {
    let app = App::start().await;
    let reader = app.device();

    let page = reader.get("/docs").await.expect(200);
    let script = reader.get("/docs/swagger-initializer.js").await.expect(200);

    assert!(page.text.contains("swagger-ui") && !page.text.contains("https://"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(script.text.contains("/openapi.json") && !script.text.contains("petstore"));
    for path in ["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"] {
        assert_eq!(reader.get(path).await.status, 200, "{path}");
    }
    reader.get("/docs/../Cargo.toml").await.expect_problem(404, "not_found");
    reader.get("/docs/nothing.js").await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_behind_a_link_leads_back_to_the_application() {
    let flags =
        ["--continue-url", "https://app.example.com/in?a=1&b=2", "--contact", "help@example.com"];
    let app = App::with(&flags).await;
    let ana = app.signed_up("ana@example.com").await;
    let mail = &app.mails("ana@example.com", 1).await[0];
    assert!(mail["text"].as_str().unwrap().contains("help@example.com"));
    let link = app.link("ana@example.com").await;

    let verified = ana.press(&link).await.expect(200);
    let denied = ana.press(&format!("{link}/deny")).await.expect(200);

    assert!(verified.text.contains("Continue to app.example.com"), "{}", verified.text);
    assert!(
        verified.text.contains("href=\"https://app.example.com/in?a=1&#38;b=2\""),
        "{}",
        verified.text
    );
    assert!(denied.text.contains("mailto:help@example.com"), "{}", denied.text);
    ana.log_in("ana@example.com", PASSWORD).await;
}
