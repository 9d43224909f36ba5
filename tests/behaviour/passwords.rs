//! Forgotten passwords, changed ones, and people who leave.

use super::support::{Answer, App, Device, PASSWORD, soon};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ANA: &str = "ana@example.com";
const BOB: &str = "bob@example.com";
const OTHER: &str = "another good phrase here";

async fn ask(device: &Device, email: &str) -> Answer {
    device.post("/v1/password-resets", &json!({ "email": email })).await
}

async fn verified(app: &App, email: &str) -> Device {
    let device = app.signed_up(email).await;
    device.press(&app.link(email).await).await.expect(200);
    device
}

/// The path of the newest link to a new password, once there are `mails` mails.
async fn reset_link(app: &App, email: &str, mails: usize) -> String {
    let mails = app.mails(email, mails).await;
    let link = mails.iter().find_map(|mail| mail["link"].as_str()).unwrap();
    assert!(link.contains("/reset/"), "{link}");
    link.strip_prefix(&format!("http://{}", app.address)).unwrap().to_owned()
}

async fn choose(device: &Device, link: &str, password: &str) -> Answer {
    device.send(device.request(Method::POST, link).form(&[("password", password)])).await
}

async fn log_in(app: &App, password: &str) -> u16 {
    let body = json!({ "email": ANA, "password": password });
    app.device().post("/v1/sessions", &body).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_forgot_the_password_chooses_another_by_mail_and_every_device_is_logged_out() {
    let app = App::start().await;
    let laptop = verified(&app, ANA).await;
    let mut tab = laptop.listen().await;
    tab.expect("snapshot").await;
    let phone = app.device();

    let form = phone.request(Method::POST, "/reset").form(&[("email", " Ana@Example.com ")]);
    assert!(phone.send(form).await.expect(200).text.contains("Look into your mail"));
    let link = reset_link(&app, ANA, 2).await;
    let page = phone.get(&link).await.expect(200);
    assert!(page.text.contains(ANA) && page.header("referrer-policy") == "no-referrer");
    let done = choose(&phone, &link, OTHER).await.expect(200);

    assert!(done.text.contains("The password is changed"));
    assert_eq!(tab.expect("goodbye").await.data["code"], "session_revoked");
    laptop.get("/v1/me").await.expect_problem(401, "invalid_token");
    assert_eq!(phone.get("/v1/me").await.status, 401, "a link logs nobody in");
    assert_eq!((log_in(&app, PASSWORD).await, log_in(&app, OTHER).await), (401, 201));
    assert_eq!(choose(&phone, &link, PASSWORD).await.status, 410, "it works once");
    let told = &app.mails(ANA, 3).await[0];
    assert_eq!(
        (&told["subject"], &told["link"]),
        (&json!("Your password was changed"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s08_a_forgotten_password_has_one_answer_for_every_address() {
    let app = App::start().await;
    verified(&app, ANA).await;
    app.signed_up(BOB).await;
    let someone = app.device();

    let answers = [
        ask(&someone, "new@example.com").await,
        ask(&someone, BOB).await,
        ask(&someone, ANA).await,
    ];

    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.text), (202, &answers[0].text));
    }
    // Letters leave in the order they were asked for: with Ana's there, the others had their turn.
    reset_link(&app, ANA, 2).await;
    assert_eq!(app.mails(BOB, 1).await.len(), 1, "an unverified address is nobody's");
    assert!(app.mails("new@example.com", 0).await.is_empty());
    assert_eq!(app.command(&["mails", "list"]), "", "nothing waits for a reader who is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_new_password_works_for_an_hour() {
    let app = App::with_held_clock(&[]).await;
    verified(&app, ANA).await;
    let phone = app.device();
    ask(&phone, ANA).await.expect(202);
    let link = reset_link(&app, ANA, 2).await;

    for method in [Method::GET, Method::HEAD] {
        assert_eq!(phone.send(phone.request(method, &link)).await.status, 200);
    }
    assert!(choose(&phone, &link, "password1").await.expect(422).text.contains("easy to guess"));
    app.advance(Duration::from_hours(1));

    assert_eq!(phone.get(&link).await.status, 410);
    assert_eq!(choose(&phone, &link, OTHER).await.status, 410);
    let token = link.rsplit('/').next().unwrap();
    for (token, status, code) in [(token, 410, "link_expired"), ("nonsense", 404, "not_found")] {
        let body = json!({ "token": token, "password": OTHER });
        let refused = phone.post("/v1/password-resets/confirm", &body).await;
        refused.expect_problem(status, code);
    }
    assert_eq!(phone.get("/reset/nonsense").await.status, 404);
    assert_eq!(log_in(&app, PASSWORD).await, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_links_the_first_used_ends_the_other() {
    let app = App::start().await;
    verified(&app, ANA).await;
    let phone = app.device();
    ask(&phone, ANA).await.expect(202);
    let older = reset_link(&app, ANA, 2).await;
    ask(&phone, ANA).await.expect(202);
    let newer = reset_link(&app, ANA, 3).await;

    let body = |link: &str| {
        let token = link.rsplit('/').next().unwrap();
        json!({ "token": token, "password": OTHER })
    };
    let at_once = [&older, &newer].map(|link| {
        let (phone, body) = (phone.clone(), body(link));
        tokio::spawn(async move { phone.post("/v1/password-resets/confirm", &body).await.status })
    });
    let mut statuses = Vec::new();
    for one in at_once {
        statuses.push(soon("an answer", one).await.unwrap().as_u16());
    }

    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    let over = phone.post("/v1/password-resets/confirm", &body(&older)).await;
    over.expect_problem(410, "link_used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_requests_for_a_new_password_are_counted_by_client() {
    let app = App::with(&["--limit-password-reset", "2/h"]).await;
    let someone = app.device();

    for email in [ANA, BOB] {
        ask(&someone, email).await.expect(202);
    }

    let third = ask(&someone, "new@example.com").await.expect_problem(429, "too_many_requests");
    assert!(!third.header("retry-after").is_empty());
    ask(&someone, "nonsense").await.expect_problem(422, "bad_email");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_the_password_stays_logged_in_here_and_nowhere_else() {
    let app = App::start().await;
    let laptop = verified(&app, ANA).await;
    let phone = app.device();
    phone.log_in(ANA, PASSWORD).await;
    let (mut here, mut there) = (laptop.listen().await, phone.listen().await);
    here.expect("snapshot").await;
    there.expect("snapshot").await;
    let change = async |present: &str, new: &str| {
        let body = json!({ "current_password": present, "password": new });
        laptop.send(laptop.request(Method::PUT, "/v1/me/password").json(&body)).await
    };

    change("wrong phrase entirely", OTHER).await.expect_problem(422, "wrong_password");
    change(PASSWORD, "password1").await.expect_problem(422, "weak_password");
    change(PASSWORD, OTHER).await.expect(204);

    assert_eq!(there.expect("goodbye").await.data["code"], "session_revoked");
    laptop.get("/v1/me").await.expect(200);
    phone.get("/v1/me").await.expect_problem(401, "invalid_token");
    assert_eq!((log_in(&app, PASSWORD).await, log_in(&app, OTHER).await), (401, 201));
    let told = &app.mails(ANA, 2).await[0];
    assert_eq!(told["subject"], "Your password was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_the_present_password_is_guessed_no_more_often_than_at_log_in() {
    let app = App::with(&["--limit-log-in", "3/m"]).await;
    let laptop = app.signed_up(ANA).await;

    for path in ["/v1/me/deletion", "/v1/me/deletion"] {
        let guess = laptop.post(path, &json!({ "password": "wrong phrase entirely" })).await;
        guess.expect_problem(422, "wrong_password");
    }

    let body = json!({ "current_password": PASSWORD, "password": OTHER });
    let right = laptop.send(laptop.request(Method::PUT, "/v1/me/password").json(&body)).await;
    right.expect_problem(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_gone_on_every_device_and_the_address_is_free() {
    let app = App::start().await;
    let laptop = verified(&app, ANA).await;
    let tokens = laptop.log_in(ANA, PASSWORD).await.body;
    let bearer = app.device().with_bearer(tokens["access_token"].as_str().unwrap());
    let mut tab = laptop.listen().await;
    tab.expect("snapshot").await;

    laptop.post("/v1/me/deletion", &json!({})).await.expect_problem(422, "bad_member");
    let gone = laptop.post("/v1/me/deletion", &json!({ "password": PASSWORD })).await.expect(204);

    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(tab.expect("goodbye").await.data["code"], "user_deleted");
    bearer.get("/v1/me").await.expect_problem(401, "invalid_token");
    assert_eq!(log_in(&app, PASSWORD).await, 401);
    assert_eq!(app.mails(ANA, 2).await[0]["subject"], "Your account was deleted");
    let again = app.signed_up(ANA).await;
    assert!(app.mails(ANA, 3).await[0]["link"].as_str().unwrap().contains("/verify/"));
    again.press(&app.link(ANA).await).await.expect(200);
    assert_eq!(again.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_others_brought_has_no_password_to_change() {
    let app = App::start().await;
    let brought = app.device().with_bearer(&app.command(&["token", "--user", "u1"]));

    let gone = brought.post("/v1/me/deletion", &json!({ "password": PASSWORD })).await;

    gone.expect_problem(409, "no_password");
    brought.get("/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_taken_address_is_led_to_a_new_password() {
    let app = App::start().await;
    verified(&app, ANA).await;

    app.device().sign_up(ANA, OTHER).await;

    let mail = &app.mails(ANA, 2).await[0];
    assert_eq!((&mail["link"], &mail["code"]), (&Value::Null, &Value::Null));
    let page = format!("http://{}/reset", app.address);
    assert!(mail["text"].as_str().unwrap().lines().any(|line| line == page));
    app.device().get("/reset").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_accounts_elsewhere_there_are_no_passwords() {
    let app = App::with(&["--accounts", "off"]).await;
    let device = app.device();

    for path in ["/reset", "/reset/x", "/v1/password-resets"] {
        device.get(path).await.expect_problem(404, "not_found");
    }
}
