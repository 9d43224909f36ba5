//! Every refusal has one form, an id, and the status that HTTP has for it.

use super::support::{Answer, App, Device, PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

/// What every problem has, whatever it is.
#[track_caller]
fn assert_formed(answer: &Answer) {
    let problem = answer.body.as_object().unwrap_or_else(|| panic!("{}", answer.text));
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("about:blank"), &json!(answer.status.as_u16()))
    );
    for member in ["title", "detail", "code"] {
        assert!(!problem[member].as_str().unwrap().is_empty(), "{}", answer.text);
    }
    assert_with_id(answer);
}

#[track_caller]
fn assert_with_id(answer: &Answer) {
    assert!(answer.header("x-request-id").len() >= 16, "{:?}", answer.headers);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

async fn send(device: &Device, method: &str, path: &str, body: &str, kind: &str) -> Answer {
    let request = device.request(method.parse().unwrap(), path).body(body.to_owned());
    let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
    device.send(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_404_and_what_is_not_done_there_405() {
    let app = App::start().await;
    let device = app.device();

    for path in
        ["/nothing", "/v1", "/v1/", "/v1/me/", "/v1/me/x", "/v2/me", "//v1/me", "/v1/users/x/y"]
    {
        let answer = device.get(path).await.expect_problem(404, "not_found");
        assert_formed(&answer);
    }
    for (method, path, allow) in [
        ("DELETE", "/v1/me", "GET, HEAD"),
        ("POST", "/v1/stream", "GET, HEAD"),
        ("PUT", "/v1/poll", "GET, HEAD"),
        ("PUT", "/v1/users", "POST, GET, HEAD"),
        ("GET", "/v1/events", "POST"),
        ("HEAD", "/v1/events", "POST"),
        ("PUT", "/v1/sessions", "POST, GET, HEAD, DELETE"),
        ("PATCH", "/v1/verifications/confirm", "POST"),
        ("GET", "/v1/users/x/events", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("BREW", "/v1/me", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ] {
        let answer = send(&device, method, path, "", "").await.expect(405);
        let allowed = |text: &str| {
            let mut allowed: Vec<_> = text.split(',').map(|one| one.trim().to_owned()).collect();
            allowed.sort();
            allowed
        };
        assert_eq!(allowed(answer.header("allow")), allowed(allow), "{method} {path}");
        if method != "HEAD" {
            assert_formed(&answer);
            assert_eq!(answer.body["code"], "method_not_allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_cannot_be_read_is_refused_by_what_is_wrong_with_it() {
    let app = App::start().await;
    let device = app.device();
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    let large = format!(r#"{{"email":"{}"}}"#, "x".repeat(64 * 1024));
    let json = "application/json";
    let good = json!({ "email": "ana@example.com", "password": PASSWORD }).to_string();

    for (kind, body, status, code) in [
        (json, "{", 400, "bad_json"),
        (json, "\u{feff}{}", 400, "bad_json"),
        (json, "nonsense", 400, "bad_json"),
        (json, deep.as_str(), 400, "bad_json"),
        (json, "{} {}", 400, "bad_json"),
        (json, "[]", 422, "bad_member"),
        (json, "null", 422, "bad_member"),
        (json, "{}", 422, "bad_member"),
        (json, "", 422, "bad_member"),
        (json, r#"{"email":"a@b.example","password":1}"#, 422, "bad_member"),
        (json, r#"{"email":"a@b.example","password":"x","x":1}"#, 422, "bad_member"),
        (
            json,
            r#"{"email":"a@b.example","email":"c@d.example","password":"x"}"#,
            422,
            "bad_member",
        ),
        (json, r#"{"email":"nobody","password":"blue kettle sings"}"#, 422, "bad_email"),
        (json, r#"{"email":"a@b.example","password":"password1"}"#, 422, "weak_password"),
        (json, large.as_str(), 413, "too_large"),
        ("text/plain", good.as_str(), 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "email=a", 415, "unsupported_media_type"),
        ("application/json; charset=latin1", good.as_str(), 415, "unsupported_media_type"),
        ("nonsense", good.as_str(), 415, "unsupported_media_type"),
        ("", good.as_str(), 415, "unsupported_media_type"),
    ] {
        let answer = send(&device, "POST", "/v1/users", body, kind).await;
        let answer = answer.expect_problem(status, code);
        assert_formed(&answer);
        assert!(!answer.text.contains("kettle"), "a value comes back: {}", answer.text);
    }
    for kind in ["application/json; charset=utf-8", "application/JSON; charset=\"UTF-8\""] {
        send(&device, "POST", "/v1/users", &good, kind).await.expect(202);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_a_compressed_body_is_not_unpacked() {
    let app = App::start().await;
    let device = app.device();
    let request = device.request(Method::POST, "/v1/users").header("content-encoding", "gzip");

    let answer = device.send(request.json(&json!({ "email": "a@b.example" }))).await;

    assert_formed(&answer.expect_problem(415, "unsupported_media_type"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_headers_beyond_16_kib_are_431() {
    let app = App::start().await;
    let device = app.device();
    let with = async |length: usize| {
        let request =
            device.request(Method::GET, "/healthz").header("x-filling", "x".repeat(length));
        device.send(request).await
    };

    with(15 * 1024).await.expect(200);
    assert_formed(&with(17 * 1024).await.expect_problem(431, "headers_too_large"));
    with(40 * 1024).await.expect_problem(431, "headers_too_large");
    device.get(&format!("/healthz?x={}", "y".repeat(20 * 1024))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_an_id_and_a_fit_one_is_kept() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;

    for path in ["/", "/v1/me", "/v1/poll", "/healthz", "/readyz", "/metrics", "/dev/inbox", "/x"] {
        assert_with_id(&device.get(path).await);
    }
    let theirs = async |id: &str| {
        let request = device.request(Method::GET, "/healthz").header("x-request-id", id);
        device.send(request).await.header("x-request-id").to_owned()
    };
    assert_eq!(theirs("trace-1.a_B").await, "trace-1.a_B");
    for unfit in ["", "a b", "a\"b", "x".repeat(65).as_str()] {
        let id = theirs(unfit).await;
        assert!(id != unfit && id.len() == 36, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_is_get_without_its_body_and_unknown_parameters_are_ignored() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let link = app.link("ana@example.com").await;
    let token = link.strip_prefix("/verify/").unwrap();
    let status = format!("/v1/verifications/{token}");

    for path in [
        "/",
        "/v1/me",
        "/v1/me/changes",
        "/v1/sessions",
        "/v1/poll",
        "/healthz",
        "/readyz",
        "/metrics",
        "/dev/inbox",
        "/dev/inbox.json",
        "/favicon.svg",
        &link,
        &status,
    ] {
        let get = device.get(&format!("{path}?unknown=%00&after_=1&Token=")).await.expect(200);
        let head = device.send(device.request(Method::HEAD, path)).await.expect(200);
        assert_eq!(head.text, "", "{path}");
        for name in ["content-type", "cache-control", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path}");
        }
    }
    assert_eq!(device.me().await["email_verified"], false, "HEAD and GET click nothing");
    let cursor = device.cursor().await;
    let tag = format!("\"{cursor}\"");
    for presented in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        let request = device.request(Method::GET, "/v1/me").header("if-none-match", presented);
        let answer = device.send(request).await.expect(304);
        assert_eq!((answer.header("etag"), answer.text.as_str()), (tag.as_str(), ""));
    }
    let request = device.request(Method::GET, "/v1/me").header("if-none-match", "\"aaaaaaaa.1\"");
    assert_ne!(device.send(request).await.expect(200).body, Value::Null);
}
