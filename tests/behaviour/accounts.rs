//! Sign-up: nobody learns whether an address is known, and nobody prepares an account for another.

use super::support::{App, PASSWORD};
use reqwest::Method;
use serde_json::json;

const ANA: &str = "ana@example.com";
const OTHER: &str = "another good phrase here";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s08_the_answer_is_the_same_for_every_address() {
    let app = App::start().await;
    let ana = app.signed_up(ANA).await;
    app.signed_up("bob@example.com").await;
    ana.press(&app.link(ANA).await).await.expect(200);
    let someone = app.device();

    let answers = [
        someone.sign_up("new@example.com", OTHER).await,
        someone.sign_up("bob@example.com", OTHER).await,
        someone.sign_up(ANA, OTHER).await,
        someone.sign_up(ANA, PASSWORD).await,
    ];

    assert!(answers.iter().all(|answer| answer.text == r#"{"status":"check_your_email"}"#));
    for (email, password) in [(ANA, "wrong phrase entirely"), ("nobody@example.com", OTHER)] {
        let body = json!({ "email": email, "password": password });
        let refused = someone.post("/v1/sessions", &body).await;
        let refused = refused.expect_problem(401, "invalid_credentials");
        assert_eq!(refused.body["detail"], "the address or the password is wrong");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_that_cannot_be_taken_says_why() {
    let app = App::start().await;
    let someone = app.device();
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));

    for (body, status, code) in [
        (json!({ "email": "ana@localhost", "password": PASSWORD }).to_string(), 422, "bad_email"),
        (json!({ "email": ANA, "password": "password1" }).to_string(), 422, "weak_password"),
        (json!({ "email": ANA, "password": "short" }).to_string(), 422, "weak_password"),
        (json!({ "email": ANA, "password": ANA }).to_string(), 422, "weak_password"),
        (json!({ "email": ANA, "password": PASSWORD, "admin": 1 }).to_string(), 422, "bad_member"),
        (json!({ "email": ANA }).to_string(), 422, "bad_member"),
        ("{\"email\":".to_owned(), 400, "bad_json"),
        (format!("{{\"email\":{deep}}}"), 400, "bad_json"),
        (json!({ "email": "x".repeat(70_000) }).to_string(), 413, "too_large"),
    ] {
        let request = someone.request(Method::POST, "/v1/users").body(body.clone());
        let request = request.header("content-type", "application/json");
        let answer = someone.send(request).await;
        assert_eq!(answer.status, status, "{} for {:.60}", answer.text, body);
        answer.expect_problem(status, code);
    }
    let request = someone.request(Method::POST, "/v1/users").body("x");
    let plain = someone.send(request.header("content-type", "text/plain")).await;
    plain.expect_problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_while_two_name_an_address_the_link_needs_its_accounts_password() {
    let app = App::start().await;
    let thief = app.signed_up(ANA).await;
    let mut on_thief = thief.listen().await;
    on_thief.expect("snapshot").await;
    let trap = app.link(ANA).await;
    let ana = app.device();
    ana.sign_up(ANA, OTHER).await;
    app.mails(ANA, 2).await;
    ana.log_in(ANA, OTHER).await;
    let own = app.link(ANA).await;

    // Ana presses the button of the mail that the thief caused: it verifies nothing for him.
    assert!(ana.get(&trap).await.expect(200).text.contains("type=\"password\""));
    ana.press(&trap).await;
    let confirm = |link: &str, password: Option<&str>| {
        let token = link.rsplit('/').next().unwrap().to_owned();
        let body = match password {
            Some(password) => json!({ "token": token, "password": password }),
            None => json!({ "token": token }),
        };
        let ana = ana.clone();
        async move { ana.post("/v1/verifications/confirm", &body).await }
    };
    confirm(&trap, None).await.expect_problem(422, "password_needed");
    confirm(&trap, Some(OTHER)).await.expect_problem(422, "wrong_password");
    assert_eq!(thief.me().await["email_verified"], false);

    let form =
        ana.request(Method::POST, &own).header("accept", "text/html").form(&[("password", OTHER)]);
    ana.send(form).await.expect(200);

    assert_eq!(ana.me().await["email_verified"], true);
    assert_eq!(on_thief.expect("goodbye").await.data["code"], "user_deleted");
    thief.get("/v1/me").await.expect_problem(401, "invalid_token");
    assert_eq!(confirm(&trap, None).await.expect(200).body["already"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_address_can_be_signed_up_again_and_its_owner_is_told() {
    let app = App::with_held_clock(&[]).await;
    let ana = app.signed_up(ANA).await;
    ana.press(&app.link(ANA).await).await.expect(200);

    let second = app.device();
    second.sign_up(ANA, OTHER).await;
    second.log_in(ANA, OTHER).await;

    assert_eq!(second.me().await["email_verified"], false);
    let mut stream = second.listen().await;
    stream.expect("snapshot").await;
    let mail = &app.mails(ANA, 2).await[0];
    assert_eq!((&mail["link"], &mail["code"]), (&json!(null), &json!(null)));
    app.advance(std::time::Duration::from_secs(61));
    second.post("/v1/verifications", &json!({})).await.expect(202);
    assert_eq!(ana.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_address_and_password_is_the_same_account() {
    let app = App::start().await;
    let first = app.signed_up(ANA).await;
    let id = first.me().await["id"].clone();

    let again = app.signed_up(" Ana@Example.com ").await;

    assert_eq!(again.me().await["id"], id);
    assert_eq!(app.mails(ANA, 1).await.len(), 1, "within a minute there is no second mail");
}
