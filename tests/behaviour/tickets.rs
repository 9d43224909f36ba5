//! Tickets: for an `EventSource` that can send neither a cookie nor a header.

use super::support::{App, Device, Listening, kyc, soon};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

async fn ticket(device: &Device) -> String {
    let answer = device.post("/v1/stream-tickets", &json!({})).await.expect(201);
    assert_eq!(answer.body["expires_in"], 30);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_one_stream_that_resumes() {
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let from = device.cursor().await;
    let change = kyc(&backend, &device.id().await, json!({ "step": 1 })).await;
    let (ticket, page) = (ticket(&device).await, app.device());

    let path = format!("/v1/stream?ticket={ticket}&last_event_id={from}");
    let mut stream = Listening::open(page.request(Method::GET, &path)).await;

    assert_eq!(stream.expect("kyc.updated").await.data, change);
    page.get(&path).await.expect_problem(401, "invalid_token");
    page.get(&format!("/v1/poll?ticket={ticket}")).await.expect_problem(401, "invalid_token");
    device.delete("/v1/sessions/current").await.expect(204);
    assert_eq!(stream.expect("goodbye").await.data["code"], "session_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_good_for_one_poll() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let path = format!("/v1/poll?ticket={}", ticket(&device).await);

    let first = app.device().get(&path).await.expect(200);

    assert_eq!(first.body["user"], device.me().await);
    app.device().get(&path).await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_good_for_30_seconds() {
    let app = App::with_held_clock(&[]).await;
    let device = app.signed_up("ana@example.com").await;
    let (early, late) = (ticket(&device).await, ticket(&device).await);

    app.advance(Duration::from_millis(29_999));
    app.device().get(&format!("/v1/poll?ticket={early}")).await.expect(200);
    app.advance(Duration::from_millis(1));

    let late = app.device().get(&format!("/v1/stream?ticket={late}")).await;
    late.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_nothing_but_streams_and_polls() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (ticket, page) = (ticket(&device).await, app.device());

    for path in ["/v1/me", "/v1/me/changes", "/v1/sessions"] {
        let answer = page.get(&format!("{path}?ticket={ticket}")).await;
        answer.expect_problem(401, "unauthenticated");
        let answer = page.with_bearer(&ticket).get(path).await;
        answer.expect_problem(401, "invalid_token");
    }
    let more = page.post(&format!("/v1/stream-tickets?ticket={ticket}"), &json!({})).await;
    more.expect_problem(401, "unauthenticated");
    page.get(&format!("/v1/poll?ticket={ticket}")).await.expect(200);
    page.get("/v1/stream?ticket=guessed").await.expect_problem(401, "invalid_token");
    app.device().post("/v1/stream-tickets", &json!({})).await.expect(401);
    let key = app.backend("default").post("/v1/stream-tickets", &json!({})).await;
    key.expect_problem(403, "wrong_caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_opened_with_a_ticket_ends_with_the_token_that_got_it() {
    let app = App::start().await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let token = app.command(&["token", "--user", &id, "--ttl", "2s"]);
    let ticket = ticket(&app.device().with_bearer(&token)).await;

    let page = app.device();
    let path = format!("/v1/stream?ticket={ticket}");
    let mut stream = Listening::open(page.request(Method::GET, &path)).await;

    let mut last = stream.news().await.unwrap();
    // A slow machine may have used the two seconds up.
    if last.name == "snapshot" {
        last = stream.news().await.unwrap();
    }
    assert_eq!((last.name.as_str(), &last.data["code"]), ("goodbye", &json!("token_expired")));
    assert!(stream.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_counts_as_long_as_its_session() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let ticket = ticket(&device).await;
    device.delete("/v1/sessions").await.expect(204);

    let refused = app.device().get(&format!("/v1/stream?ticket={ticket}")).await;

    refused.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ticket_used_by_many_at_once_lets_one_in() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (query, page) = (format!("ticket={}", ticket(&device).await), app.device());
    let polls: Vec<_> = (0..20).map(|_| page.poll(&query)).collect();

    let mut let_in = 0;
    for poll in polls {
        let answer = soon("the poll", poll).await.unwrap();
        let_in += usize::from(answer.status == 200);
    }

    assert_eq!(let_in, 1);
}

/// S16: even a good token is refused where addresses are logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s16_a_token_in_the_address_is_refused() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let token = device.token("ana@example.com").await;

    for name in ["token", "access_token", "jwt", "authorization"] {
        for path in ["/v1/stream", "/v1/poll", "/v1/me"] {
            let answer = app.device().get(&format!("{path}?{name}={token}")).await;
            let answer = answer.expect_problem(400, "token_in_query");
            assert!(answer.text.contains("/v1/stream-tickets"), "{}", answer.text);
            device.get(&format!("{path}?x=1&{name}=x")).await.expect(400);
        }
    }
}
