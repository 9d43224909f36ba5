//! Sessions: opened by a log-in, refreshed once a token, ended everywhere at once.

use super::support::{App, PASSWORD, soon};
use serde_json::json;
use std::time::Duration;

const ANA: &str = "ana@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_gives_tokens_and_a_cookie_that_scripts_cannot_read() {
    let app = App::start().await;
    let ana = app.device();
    ana.sign_up(ANA, PASSWORD).await;

    let answer = ana.log_in(ANA, PASSWORD).await;

    assert_eq!(
        (&answer.body["token_type"], &answer.body["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(answer.body["user"], ana.me().await);
    let cookie = answer.header("set-cookie");
    for attribute in
        ["afterclick_session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"]
    {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "over http a Secure cookie would be lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let app = App::with(&["--public-url", "https://app.example", "--insecure-dev"]).await;
    let ana = app.device();
    ana.sign_up(ANA, PASSWORD).await;

    let answer = ana.log_in(ANA, PASSWORD).await;

    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-afterclick_session=") && cookie.contains("Secure"),
        "{cookie}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.device();
    ana.sign_up(ANA, PASSWORD).await;
    let first = ana.log_in(ANA, PASSWORD).await.body["refresh_token"].clone();
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let app_of_ana = app.device();
    let refresh = |token: &serde_json::Value| {
        let (device, body) = (app_of_ana.clone(), json!({ "refresh_token": token }));
        async move { device.post("/v1/sessions/refresh", &body).await }
    };

    let second = refresh(&first).await.expect(200).body["refresh_token"].clone();
    assert_ne!(first, second);
    let lost = refresh(&first).await.expect(200).body["refresh_token"].clone();
    assert_eq!(lost, second, "an answer may have been lost");
    app.advance(Duration::from_secs(11));
    refresh(&first).await.expect_problem(401, "invalid_token");

    assert_eq!(tab.expect("goodbye").await.data["code"], "session_revoked");
    refresh(&second).await.expect_problem(401, "invalid_token");
    ana.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookie_gets_an_access_token_and_spends_no_refresh_token() {
    let app = App::start().await;
    let ana = app.device();
    ana.sign_up(ANA, PASSWORD).await;
    let token = ana.log_in(ANA, PASSWORD).await.body["refresh_token"].clone();

    for _ in 0..3 {
        let answer = ana.post("/v1/sessions/refresh", &json!({})).await.expect(200);
        assert_eq!(answer.body["refresh_token"], token);
        let access = answer.body["access_token"].as_str().unwrap();
        app.device().with_bearer(access).get("/v1/me").await.expect(200);
    }

    let body = json!({ "refresh_token": token });
    app.device().post("/v1/sessions/refresh", &body).await.expect(200);
    app.device()
        .post("/v1/sessions/refresh", &json!({}))
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_a_log_out_ends_that_device_and_no_other() {
    let app = App::start().await;
    let laptop = app.signed_up(ANA).await;
    let phone = app.device();
    let token = phone.log_in(ANA, PASSWORD).await.body["access_token"].as_str().unwrap().to_owned();
    let (mut on_laptop, mut on_phone) = (laptop.listen().await, phone.listen().await);
    on_laptop.expect("snapshot").await;
    on_phone.expect("snapshot").await;
    let sessions = laptop.get("/v1/sessions").await.expect(200).body["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    let other = sessions.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    assert_eq!(other["live_streams"], 1);

    laptop.delete(&format!("/v1/sessions/{}", other["id"].as_str().unwrap())).await.expect(204);

    assert_eq!(on_phone.expect("goodbye").await.data["code"], "session_revoked");
    assert!(on_phone.next().await.is_none());
    phone.get("/v1/me").await.expect_problem(401, "invalid_token");
    phone.with_bearer(&token).get("/v1/me").await.expect_problem(401, "invalid_token");
    laptop.get("/v1/me").await.expect(200);
    laptop
        .delete("/v1/sessions/0197b2c8-6f3e-7c41-9d5a-0f1e2d3c4b5a")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_a_log_out_everywhere_ends_streams_polls_and_tokens() {
    let app = App::start().await;
    let laptop = app.signed_up(ANA).await;
    let phone = app.device();
    let token = phone.log_in(ANA, PASSWORD).await.body["access_token"].as_str().unwrap().to_owned();
    let mut stream = phone.listen().await;
    stream.expect("snapshot").await;
    let poll = phone.poll(&format!("after={}&wait=30", phone.cursor().await));

    laptop.delete("/v1/sessions").await.expect(204);

    assert_eq!(stream.expect("goodbye").await.data["code"], "session_revoked");
    soon("the poll", poll).await.unwrap().expect_problem(401, "invalid_token");
    laptop.get("/v1/me").await.expect_problem(401, "unauthenticated");
    for device in [&phone, &phone.with_bearer(&token)] {
        device.get("/v1/me").await.expect_problem(401, "invalid_token");
    }
    phone.log_in(ANA, PASSWORD).await;
    phone.get("/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_without_a_session_has_none_to_end_but_can_be_refused() {
    let app = App::start().await;
    let device = app.device().with_bearer(&app.command(&["token", "--user", "app:7"]));
    device.get("/v1/me").await.expect(200);

    device.delete("/v1/sessions/current").await.expect_problem(409, "no_session");
    device.delete("/v1/sessions").await.expect(204);

    device.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lives_while_it_is_used_and_its_cookie_is_set_anew() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up(ANA).await;

    for _ in 0..3 {
        app.advance(Duration::from_hours(20 * 24));
        let answer = ana.get("/v1/me").await.expect(200);
        assert!(answer.header("set-cookie").contains("Max-Age=2592000"));
    }
    assert_eq!(ana.get("/v1/me").await.expect(200).header("set-cookie"), "");
    app.advance(Duration::from_hours(31 * 24));

    ana.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_a_restart_forgets_no_limit() {
    let mut app = App::with(&["--limit-log-in", "3/m"]).await;
    let body = json!({ "email": ANA, "password": "a wrong phrase here" });
    for _ in 0..3 {
        app.device().post("/v1/sessions", &body).await.expect_problem(401, "invalid_credentials");
    }

    app.restart().await;

    let forged = app.device();
    let request = forged.request(reqwest::Method::POST, "/v1/sessions").json(&body);
    let refused = forged.send(request.header("x-forwarded-for", "198.51.100.7")).await;
    let wait = refused.expect_problem(429, "too_many_requests").header("retry-after").to_owned();
    assert!((1..=60).contains(&wait.parse::<u64>().unwrap()), "{wait}");
}
