//! What another site makes a browser send changes nothing, and no token travels in an address.

use super::support::{App, PASSWORD};
use reqwest::Method;
use serde_json::json;

const ANA: &str = "ana@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_another_site_signs_nobody_in_and_changes_nothing() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let before = ana.me().await;
    let body = json!({ "email": ANA, "password": PASSWORD }).to_string();

    for headers in [
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        vec![("sec-fetch-site", "same-site"), ("origin", "http://evil.localhost")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        for (method, path) in [
            (Method::POST, "/v1/users"),
            (Method::POST, "/v1/sessions"),
            (Method::POST, "/v1/sessions/refresh"),
            (Method::POST, "/v1/verifications"),
            (Method::POST, "/v1/stream-tickets"),
            (Method::DELETE, "/v1/sessions/current"),
            (Method::DELETE, "/v1/sessions"),
        ] {
            let mut request = ana.request(method.clone(), path);
            if method == Method::POST {
                request = request.header("content-type", "application/json").body(body.clone());
            }
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let answer = ana.send(request).await;
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}: {}", answer.text);
            answer.expect_problem(403, "cross_site");
        }
    }

    let form = ana.request(Method::POST, "/v1/sessions").header("origin", app.url("")).body(body);
    ana.send(form.header("content-type", "text/plain")).await.expect_problem(403, "cross_site");
    assert_eq!(ana.me().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_allowed_client_signs_in_from_its_own_origin() {
    let app = App::with(&["--client-url", "https://app.example"]).await;
    let ana = app.device();
    ana.sign_up(ANA, PASSWORD).await;

    let request = ana
        .request(Method::POST, "/v1/sessions")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://app.example")
        .json(&json!({ "email": ANA, "password": PASSWORD }));

    ana.send(request).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s16_a_token_in_the_address_is_refused_even_if_good() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let token = ana.post("/v1/sessions/refresh", &json!({})).await.expect(200);
    let token = token.body["access_token"].as_str().unwrap().to_owned();

    for name in ["token", "access_token", "jwt", "authorization"] {
        for path in ["/v1/me", "/v1/stream", "/v1/poll", "/v1/me/changes", "/v1/sessions"] {
            let answer = ana.get(&format!("{path}?{name}={token}")).await;
            assert!(answer.text.contains("stream-tickets"), "{}", answer.text);
            answer.expect_problem(400, "token_in_query");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_bearer_never_falls_back_to_the_cookie() {
    let app = App::start().await;
    let (ana, bob) = (app.signed_up(ANA).await, app.signed_up("bob@example.com").await);
    let token = bob.post("/v1/sessions/refresh", &json!({})).await.expect(200);
    let bobs = token.body["access_token"].as_str().unwrap().to_owned();

    let wins = ana.request(Method::GET, "/v1/me").bearer_auth(&bobs);
    assert_eq!(ana.send(wins).await.expect(200).body["email"], "bob@example.com");
    for bad in ["Bearer x", "Bearer ", "Basic YTpi", "bearer"] {
        let request = ana.request(Method::GET, "/v1/me").header("authorization", bad);
        let answer = ana.send(request).await.expect_problem(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
}
