//! S07: whoever asks for mails by the thousand fills nobody's mailbox.

use super::support::{App, until};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

const ANA: &str = "ana@example.com";

/// How many asked at once in one go.
const AT_ONCE: usize = 50;

/// How many mails have left, to this address or to anybody, once none waits.
async fn sent(app: &App, query: &str) -> usize {
    until("an empty queue", async || app.command(&["mails", "list"]).is_empty()).await;
    let inbox = app.device().get(&format!("/dev/inbox.json{query}")).await.expect(200).body;
    inbox.as_array().map_or(0, Vec::len)
}

/// The statuses and bodies of so many calls, `AT_ONCE` at a time.
async fn flood(
    app: &App,
    path: &str,
    body: impl Fn(usize) -> Value,
    count: usize,
) -> Vec<(u16, String)> {
    let device = app.device();
    let mut answers = Vec::new();
    for begin in (0..count).step_by(AT_ONCE) {
        let bodies: Vec<_> = (begin..count.min(begin + AT_ONCE)).map(&body).collect();
        let calls = bodies.iter().map(|body| device.post(path, body));
        let some = futures_util::future::join_all(calls).await;
        answers.extend(some.into_iter().map(|answer| (answer.status.as_u16(), answer.text)));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s07_a_thousand_forgotten_passwords_are_five_mails() {
    let app = App::with_held_clock(&["--limit-password-reset", "off"]).await;
    let ana = app.signed_up(ANA).await;
    ana.press(&app.link(ANA).await).await.expect(200);

    let answers = flood(&app, "/v1/password-resets", |_| json!({ "email": ANA }), 1_000).await;

    let distinct: HashSet<_> = answers.into_iter().collect();
    assert_eq!(distinct.len(), 1, "one answer: {distinct:?}");
    assert_eq!(sent(&app, "?to=ana%40example.com").await, 5, "the sign-up's counts");
    app.advance(Duration::from_hours(1));
    flood(&app, "/v1/password-resets", |_| json!({ "email": ANA }), 1).await;
    assert_eq!(sent(&app, "?to=ana%40example.com").await, 6, "an hour later she gets one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s07_however_many_ask_for_one_address_it_gets_five_mails_an_hour() {
    let app = App::with_held_clock(&[]).await;
    let mut rivals = Vec::new();
    for password in ["red kettle sings", "green kettle sings"] {
        let rival = app.device();
        rival.sign_up(ANA, password).await;
        rival.log_in(ANA, password).await;
        rivals.push(rival);
    }

    for _ in 0..59 {
        app.advance(Duration::from_mins(1));
        for rival in &rivals {
            for _ in 0..8 {
                let again = rival.post("/v1/verifications", &json!({})).await;
                assert!([202, 429].contains(&again.status.as_u16()), "{}", again.text);
            }
        }
    }

    assert_eq!(sent(&app, "?to=ana%40example.com").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s07_a_thousand_addresses_from_one_client_are_twenty_mails() {
    let app = App::with(&["--limit-sign-up", "20/h"]).await;
    let body =
        |index| json!({ "email": format!("p{index}@example.com"), "password": "red kettle sings" });

    let answers = flood(&app, "/v1/users", body, 1_000).await;

    let taken = answers.iter().filter(|(status, _)| *status == 202).count();
    let refused = answers.iter().filter(|(status, _)| *status == 429).count();
    assert_eq!((taken, refused), (20, 980));
    assert_eq!(sent(&app, "").await, 20);
}
