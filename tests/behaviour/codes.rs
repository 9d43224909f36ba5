//! Codes: six digits, five tries, and the link works all the same.

use super::support::App;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const ANA: &str = "ana@example.com";
const CONFIRM: &str = "/v1/verifications/confirm";

/// A code that is not this one.
fn wrong(code: &str) -> Value {
    let other = if code == "000000" { "000001" } else { "000000" };
    json!({ "code": other })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_code_verifies_and_every_tab_knows() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let code = app.code(ANA).await;

    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let answer = ana.post(CONFIRM, &json!({ "code": spaced })).await.expect(200);

    assert_eq!(answer.body, json!({ "email_verified": true, "already": false }));
    assert_eq!(tab.expect("email.verified").await.data["data"], json!({ "method": "code" }));
    let again = ana.post(CONFIRM, &json!({ "code": code })).await.expect(200);
    assert_eq!(again.body["already"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_try_is_refused_even_if_right_and_the_link_still_works() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up(ANA).await;
    let code = app.code(ANA).await;

    for left in (0..5).rev() {
        let answer = ana.post(CONFIRM, &wrong(&code)).await.expect_problem(422, "wrong_code");
        assert_eq!(answer.body["attempts_left"], left);
    }
    let refused = ana.post(CONFIRM, &json!({ "code": code })).await;
    let refused = refused.expect_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "900");

    assert_eq!(ana.me().await["email_verified"], false);
    app.device().press(&app.link(ANA).await).await.expect(200);
    assert_eq!(ana.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_quarter_of_an_hour_tries_and_codes_are_new() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up(ANA).await;
    let code = app.code(ANA).await;
    for _ in 0..6 {
        ana.post(CONFIRM, &wrong(&code)).await;
    }

    app.advance(Duration::from_mins(15));

    let old = ana.post(CONFIRM, &json!({ "code": code })).await.expect_problem(422, "wrong_code");
    assert_eq!(old.body["attempts_left"], 4);
    ana.post("/v1/verifications", &json!({})).await.expect(202);
    app.mails(ANA, 2).await;
    ana.post(CONFIRM, &json!({ "code": app.code(ANA).await })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_of_forty_guesses_at_once_five_count() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let guess = wrong(&app.code(ANA).await);

    let answers = join_all((0..40).map(|_| ana.post(CONFIRM, &guess))).await;

    let told = answers.iter().filter(|answer| answer.status == 422).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((told, refused), (5, 35));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_its_users_own() {
    let app = App::start().await;
    let (ana, bob) = (app.signed_up(ANA).await, app.signed_up("bob@example.com").await);
    let code = app.code(ANA).await;

    bob.post(CONFIRM, &json!({ "code": code })).await.expect_problem(422, "wrong_code");
    app.device()
        .post(CONFIRM, &json!({ "code": code }))
        .await
        .expect_problem(401, "unauthenticated");
    for both in [json!({ "code": code, "token": "x" }), json!({}), json!({ "password": "x" })] {
        ana.post(CONFIRM, &both).await.expect_problem(422, "bad_member");
    }

    ana.post(CONFIRM, &json!({ "code": code })).await.expect(200);
}
