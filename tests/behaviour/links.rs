//! Links: looking changes nothing, one click verifies, and whoever else clicks is told so.

use super::support::{App, PASSWORD};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const ANA: &str = "ana@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s02_a_scanner_that_opens_every_link_changes_nothing() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let (link, before) = (app.link(ANA).await, ana.me().await);
    let token = link.rsplit('/').next().unwrap();
    let scanner = app.device();

    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::GET] {
        for path in [link.clone(), format!("{link}/deny"), format!("/v1/verifications/{token}")] {
            let request = scanner.request(method.clone(), &path).header("purpose", "prefetch");
            scanner.send(request).await;
        }
    }

    assert_eq!(ana.me().await, before);
    let status = scanner.get(&format!("/v1/verifications/{token}")).await.expect(200).body;
    assert_eq!(
        (&status["status"], &status["email_hint"]),
        (&json!("pending"), &json!("a••@example.com"))
    );
    scanner.press(&link).await.expect(200);
    assert_eq!(ana.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s23_a_program_that_presses_the_button_with_a_bad_body_verifies_nothing() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let link = app.link(ANA).await;
    let press = async |body: &'static str| {
        let request = ana.request(Method::POST, &link).header("accept", "application/json");
        ana.send(request.header("content-type", "application/json").body(body)).await
    };

    for (body, status, code) in [
        ("{", 400, "bad_json"),
        ("[]", 422, "bad_member"),
        (r#"{"password": 1}"#, 422, "bad_member"),
        (r#"{"pasword": "seven purple kettles"}"#, 422, "bad_member"),
    ] {
        press(body).await.expect_problem(status, code);
    }
    assert_eq!(ana.me().await["email_verified"], false);
    press("").await.expect(200);

    assert_eq!(ana.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s03_a_token_that_is_none_of_ours_is_not_found_and_breaks_nothing() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let link = app.link(ANA).await;
    let token = link.rsplit('/').next().unwrap();
    let flipped: String = token
        .chars()
        .map(|letter| {
            if letter.is_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect();
    let bad = [
        "x".to_owned(),
        token[..20].to_owned(),
        format!("{token}A"),
        flipped,
        "a".repeat(10_000),
        "%00%0d%0a".to_owned(),
        "%E2%80%A8".to_owned(),
        "..%2f..".to_owned(),
    ];

    for token in bad {
        for (method, path) in [
            (Method::GET, format!("/verify/{token}")),
            (Method::POST, format!("/verify/{token}")),
            (Method::POST, format!("/verify/{token}/deny")),
            (Method::GET, format!("/v1/verifications/{token}")),
        ] {
            let answer = ana.send(ana.request(method.clone(), &path)).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
        }
        let answer = ana.post("/v1/verifications/confirm", &json!({ "token": token })).await;
        answer.expect_problem(404, "not_found");
    }

    assert_eq!(ana.me().await["email_verified"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s01_of_fifty_clicks_at_once_one_verifies_and_all_succeed() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let (link, code) = (app.link(ANA).await, app.code(ANA).await);
    let token = link.rsplit('/').next().unwrap();

    let clicks = (0..50).map(|number| {
        let (ana, link) = (ana.clone(), link.clone());
        let body =
            if number % 3 == 1 { json!({ "token": token }) } else { json!({ "code": code }) };
        async move {
            if number % 3 == 0 {
                ana.send(ana.request(Method::POST, &link).header("accept", "application/json"))
                    .await
            } else {
                ana.post("/v1/verifications/confirm", &body).await
            }
        }
    });
    let answers = join_all(clicks).await;

    let first = answers.iter().filter(|answer| answer.body["already"] == false).count();
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(first, 1);
    assert!(ana.cursor().await.ends_with(".2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_expires_after_a_day_and_says_so() {
    let app = App::with_held_clock(&[]).await;
    app.device().sign_up(ANA, PASSWORD).await;
    let link = app.link(ANA).await;
    let token = link.rsplit('/').next().unwrap();

    app.advance(Duration::from_hours(24));

    let someone = app.device();
    assert_eq!(someone.get(&link).await.status, 410);
    assert_eq!(someone.press(&link).await.status, 410);
    assert_eq!(someone.press(&format!("{link}/deny")).await.status, 410);
    someone
        .post("/v1/verifications/confirm", &json!({ "token": token }))
        .await
        .expect_problem(410, "link_expired");
    let status = someone.get(&format!("/v1/verifications/{token}")).await.expect(200);
    assert_eq!(status.body["status"], "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_mail_waits_a_minute_and_leaves_the_first_link_good() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up(ANA).await;
    let first = app.link(ANA).await;
    let again = async || ana.post("/v1/verifications", &json!({})).await;
    let early = again().await.expect_problem(429, "too_many_requests");
    assert_eq!(early.header("retry-after"), "60");

    for mails in 2..=5 {
        app.advance(Duration::from_secs(61));
        assert_eq!(again().await.expect(202).body["retry_after"], 60);
        app.mails(ANA, mails).await;
    }
    app.advance(Duration::from_secs(61));
    again().await.expect_problem(429, "too_many_requests");

    app.device().press(&first).await.expect(200);
    assert_eq!(again().await.expect(200).body, json!({ "already": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_did_not_sign_up_removes_the_account_while_it_is_unverified() {
    let app = App::start().await;
    let (thief, owner) = (app.signed_up(ANA).await, app.device());
    let mut stream = thief.listen().await;
    stream.expect("snapshot").await;

    owner.press(&format!("{}/deny", app.link(ANA).await)).await.expect(200);

    let goodbye = stream.expect("goodbye").await;
    assert_eq!((&goodbye.data["code"], goodbye.retry), (&json!("user_deleted"), Some(600_000)));
    thief.get("/v1/me").await.expect_problem(401, "invalid_token");
    assert_eq!(owner.get(&app.link(ANA).await).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_account_is_not_removed_by_its_old_link() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let link = app.link(ANA).await;
    ana.press(&link).await.expect(200);

    let request =
        ana.request(Method::POST, &format!("{link}/deny")).header("accept", "application/json");
    assert_eq!(ana.send(request).await.expect(200).body, json!({ "removed": false }));

    assert_eq!(ana.me().await["email_verified"], true);
    assert!(ana.press(&link).await.expect(200).text.to_lowercase().contains("already"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s09_the_mailed_link_is_ours_whatever_the_request_says() {
    let app = App::start().await;
    let mallory = app.device();
    let body = json!({ "email": ANA, "password": PASSWORD });
    let request = mallory
        .request(Method::POST, "/v1/users")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "host=evil.example")
        .json(&body);
    mallory.send(request).await.expect(202);

    let mail = &app.mails(ANA, 1).await[0];

    assert!(mail["link"].as_str().unwrap().starts_with(&app.url("/verify/")), "{mail}");
    assert!(!mail.to_string().contains("evil.example"));
}
