//! S06: no spelling of a path, an address, or a header gets around a limit.

use super::support::{App, PASSWORD, soon};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOBODY: &str = "wrong phrase of words";

/// A log-in of somebody unknown, sent with these headers.
async fn try_log_in(app: &App, email: &str, headers: &[(&str, String)]) -> u16 {
    let device = app.device();
    let body = json!({ "email": email, "password": NOBODY });
    let mut request = device.request(Method::POST, "/v1/sessions").json(&body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    device.send(request).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_headers_of_a_client_that_is_no_proxy_count_for_nothing() {
    let app = App::with(&["--limit-log-in", "3/m"]).await;
    for guess in 0..3 {
        let status = try_log_in(&app, &format!("a{guess}@example.com"), &[]).await;
        assert_eq!(status, 401);
    }

    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-client-ip",
        "x-originating-ip",
    ] {
        for value in ["198.51.100.7", "for=198.51.100.7", "127.0.0.2", "::1", "unknown", ""] {
            let headers = [(name, value.to_owned())];
            let status = try_log_in(&app, &format!("{name}@example.com"), &headers).await;
            assert_eq!(status, 429, "{name}: {value}");
        }
    }
}

#[rstest]
#[case::another_of_its_64(&["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2:8000::"])]
#[case::mapped_into_ipv6(&["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109", "203.0.113.9"])]
#[case::forged_left_of_it(&["203.0.113.9", "198.51.100.1, 203.0.113.9", "::1,203.0.113.9", "x,,203.0.113.9"])]
#[case::other_spellings(&["2001:db8:1:2::a", "2001:0db8:0001:0002:0000:0000:0000:000a", "2001:DB8:1:2::A", "2001:db8:1:2::b"])]
#[case::no_addresses(&["203.0.113.9:80", "[2001:db8::1]:80", "0x7f.1", "localhost"])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_one_client_is_one_client_however_its_address_is_written(#[case] spelled: &[&str]) {
    let app = App::with(&["--limit-log-in", "3/m", "--trusted-proxy", "127.0.0.0/8"]).await;

    let mut statuses = Vec::new();
    for (guess, address) in spelled.iter().enumerate() {
        let headers = [("x-forwarded-for", (*address).to_owned())];
        statuses.push(try_log_in(&app, &format!("a{guess}@example.com"), &headers).await);
    }

    assert_eq!(statuses, [401, 401, 401, 429]);
    let other = [("x-forwarded-for", "198.51.100.77".to_owned())];
    assert_eq!(try_log_in(&app, "b@example.com", &other).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_one_address_is_one_address_however_it_is_typed() {
    let app = App::with(&["--limit-log-in", "3/m", "--trusted-proxy", "127.0.0.0/8"]).await;
    let from = |client: u8| [("x-forwarded-for", format!("203.0.113.{client}"))];
    assert_eq!(try_log_in(&app, "ana@b\u{fc}cher.example", &from(1)).await, 401);

    let mut statuses = Vec::new();
    for (client, typed) in
        [" ANA@b\u{fc}cher.example", "ana@xn--bcher-kva.example", "Ana@BU\u{308}CHER.example"]
            .into_iter()
            .enumerate()
    {
        let client = u8::try_from(client).unwrap() + 10;
        statuses.push(try_log_in(&app, typed, &from(client)).await);
    }

    assert_eq!(statuses, [401, 401, 429]);
}

/// Sends a log-in to a path as it stands, which no client library would; the status.
async fn log_in_at(app: &App, path: &str) -> u16 {
    let body = json!({ "email": "ana@example.com", "password": PASSWORD }).to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon("an answer", socket.read_to_string(&mut answer)).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_no_spelling_of_a_path_gets_around_a_limit() {
    let app = App::with(&["--limit-log-in", "3/m"]).await;
    app.device().sign_up("ana@example.com", PASSWORD).await;
    for _ in 0..3 {
        assert_eq!(log_in_at(&app, "/v1/sessions").await, 201);
    }
    assert_eq!(log_in_at(&app, "/v1/sessions").await, 429);

    for path in [
        "//v1/sessions",
        "/v1//sessions",
        "/v1/sessions/",
        "/v1/sessions//",
        "/V1/SESSIONS",
        "/v1/Sessions",
        "/v1/./sessions",
        "/v1/../v1/sessions",
        "/v1/%2e/sessions",
        "/v1/%2e%2e/v1/sessions",
        "/v1/%73essions",
        "/v1%2fsessions",
        "/v1/sessions%20",
        "/v1/sessions%00",
        "/v1/sessions;x=1",
        "/v1/sessions?x=1",
        "/v1\\sessions",
        "http://elsewhere.example/v1/sessions",
    ] {
        let status = log_in_at(&app, path).await;
        assert!([400, 404, 405, 429].contains(&status), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_no_spelling_of_a_path_gets_around_a_refusal() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;

    for version in ["v1", "%761", "v%31", "%76%31"] {
        let sent = ana
            .request(Method::POST, &format!("/{version}/stream-tickets"))
            .header("origin", "https://evil.example");
        ana.send(sent).await.expect_problem(403, "cross_site");
        let path = format!("/{version}/me?access_token=x");
        ana.get(&path).await.expect_problem(400, "token_in_query");
    }
}
