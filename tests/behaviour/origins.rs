//! S19: which pages of other origins may call, and what browsers are told of it.

use super::support::{Answer, App, Device};
use reqwest::Method;
use rstest::rstest;

const CLIENT: &str = "https://app.example.com";
const ROUTES: [(Method, &str); 7] = [
    (Method::GET, "/v1/me"),
    (Method::GET, "/v1/stream"),
    (Method::GET, "/v1/poll"),
    (Method::POST, "/v1/users"),
    (Method::DELETE, "/v1/sessions"),
    (Method::PUT, "/v1/me/password"),
    (Method::POST, "/v1/stream-tickets"),
];

async fn app() -> App {
    App::with(&["--client-url", CLIENT, "--client-url", "http://localhost:3000"]).await
}

async fn preflight(device: &Device, origin: &str, method: &Method, path: &str) -> Answer {
    let request = device
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method.as_str())
        .header("access-control-request-headers", "authorization, content-type, last-event-id");
    device.send(request).await
}

#[rstest]
#[case::client(CLIENT, true)]
#[case::second_client("http://localhost:3000", true)]
#[case::another_site("https://evil.example", false)]
#[case::another_scheme("http://app.example.com", false)]
#[case::another_port("https://app.example.com:8443", false)]
#[case::default_port("https://app.example.com:443", false)]
#[case::upper_case("https://APP.example.com", false)]
#[case::suffix("https://app.example.com.evil.example", false)]
#[case::prefix("https://evilapp.example.com", false)]
#[case::sibling("https://example.com", false)]
#[case::null("null", false)]
#[case::any("*", false)]
#[case::empty("", false)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s19_only_the_allowed_origins_may_call(#[case] origin: &str, #[case] allowed: bool) {
    let app = app().await;
    let device = app.device();
    for (method, path) in ROUTES {
        let asked = preflight(&device, origin, &method, path).await;
        let told = asked.header("access-control-allow-origin");
        assert_eq!(told, if allowed { origin } else { "" }, "{method} {path}");
        assert_eq!(asked.status.is_success(), allowed, "{method} {path}: {}", asked.status);
        assert!(!asked.header("x-request-id").is_empty());

        let answer =
            device.send(device.request(method.clone(), path).header("origin", origin)).await;
        let told = answer.header("access-control-allow-origin");
        assert_eq!(told, if allowed { origin } else { "" }, "{method} {path}");
        let credentials = if allowed { "true" } else { "" };
        assert_eq!(answer.header("access-control-allow-credentials"), credentials);
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s19_a_client_may_send_and_read_what_it_needs() {
    let app = app().await;
    let device = app.device();

    let asked = preflight(&device, CLIENT, &Method::PUT, "/v1/me/password").await.expect(200);
    let refused =
        device.send(device.request(Method::GET, "/v1/me?jwt=x").header("origin", CLIENT)).await;

    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert!(asked.header("access-control-allow-methods").contains(method));
    }
    let headers = asked.header("access-control-allow-headers").to_lowercase();
    for header in ["authorization", "content-type", "if-none-match", "last-event-id", "prefer"] {
        assert!(headers.contains(header), "{header} is not in {headers}");
    }
    let exposed = refused.header("access-control-expose-headers").to_lowercase();
    for header in ["etag", "retry-after", "x-request-id"] {
        assert!(exposed.contains(header), "{header} is not in {exposed}");
    }
    assert_eq!(refused.header("access-control-allow-origin"), CLIENT, "it may read a refusal too");
    refused.expect_problem(400, "token_in_query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_client_urls_nothing_is_said_of_origins() {
    let app = App::start().await;
    let device = app.device();

    let answer = device.send(device.request(Method::GET, "/v1/me").header("origin", CLIENT)).await;

    for name in ["access-control-allow-origin", "access-control-allow-credentials", "vary"] {
        assert_eq!(answer.header(name), "");
    }
}
