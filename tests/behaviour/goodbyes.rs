//! Why a stream ends: the reason comes last, then the body ends.

use super::support::{Answer, App, Device, Listening, PASSWORD, kyc, soon};
use serde_json::json;
use std::time::Duration;

/// Reads to the end: the goodbye must be next but for heartbeats, and the last.
async fn assert_goodbye(stream: &mut Listening, code: &str, reconnect: bool) {
    let goodbye = stream.news().await.unwrap();
    assert_eq!(goodbye.name, "goodbye", "{goodbye:?}");
    assert_eq!(goodbye.id, None);
    let retry = goodbye.retry.unwrap();
    let data = json!({ "code": code, "reconnect": reconnect, "retry_ms": retry });
    assert_eq!(goodbye.data, data);
    assert!(if reconnect { (1000..=4000).contains(&retry) } else { retry == 600_000 }, "{retry}");
    assert!(stream.next().await.is_none(), "goodbye is last");
}

async fn listening(device: &Device) -> Listening {
    let mut stream = device.listen().await;
    stream.expect("snapshot").await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_out_ends_the_streams_of_that_session_only() {
    let app = App::start().await;
    let laptop = app.signed_up("ana@example.com").await;
    let (phone, program) =
        (app.device(), laptop.with_bearer(&laptop.token("ana@example.com").await));
    phone.log_in("ana@example.com", PASSWORD).await;
    let mut on_laptop = [listening(&laptop).await, listening(&laptop).await];
    let mut on_phone = listening(&phone).await;

    laptop.delete("/v1/sessions/current").await.expect(204);

    for stream in &mut on_laptop {
        assert_goodbye(stream, "session_revoked", false).await;
    }
    let change = kyc(&app.backend("default"), &phone.id().await, json!({ "step": 1 })).await;
    assert_eq!(on_phone.news().await.unwrap().data, change);
    laptop.get("/v1/stream").await.expect_problem(401, "unauthenticated");
    // The token was of the same log-in as the laptop's second cookie.
    program.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_out_everywhere_ends_tokens_without_a_session_too() {
    let app = App::start().await;
    let laptop = app.signed_up("ana@example.com").await;
    let token = app.command(&["token", "--user", &laptop.id().await]);
    let program = app.device().with_bearer(&token);
    let mut streams = [listening(&laptop).await, listening(&program).await];
    program.delete("/v1/sessions/current").await.expect_problem(409, "no_session");

    laptop.delete("/v1/sessions").await.expect(204);

    for stream in &mut streams {
        assert_goodbye(stream, "session_revoked", false).await;
    }
    program.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_removed_ends_its_streams() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let mut stream = listening(&device).await;
    let poll = device.poll(&format!("after={}&wait=30", device.cursor().await));

    let deny = format!("{}/deny", app.link("ana@example.com").await);
    app.device().press(&deny).await.expect(200);

    assert_goodbye(&mut stream, "user_deleted", false).await;
    soon("the poll", poll).await.unwrap().expect_problem(401, "invalid_token");
    device.get("/v1/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_at_its_maximal_age() {
    let app = App::with(&["--max-stream-age", "1s", "--heartbeat", "200ms"]).await;
    let device = app.signed_up("ana@example.com").await;

    let mut stream = listening(&device).await;

    assert_goodbye(&mut stream, "max_age", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_token() {
    let app = App::start().await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let token = app.command(&["token", "--user", &id, "--ttl", "1s"]);
    let program = app.device().with_bearer(&token);

    let mut stream = program.listen().await;
    let poll = program.poll("wait=30");

    // The machine may have been slow enough for the token to expire first.
    let mut last = stream.news().await.unwrap();
    if last.name == "snapshot" {
        last = stream.news().await.unwrap();
    }
    assert_eq!((last.name.as_str(), &last.data["code"]), ("goodbye", &json!("token_expired")));
    assert_eq!(last.data["reconnect"], true);
    assert!(stream.next().await.is_none());
    soon("the poll", poll).await.unwrap().expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_poll_is_answered_when_its_token_expires() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let (id, cursor) = (ana.id().await, ana.cursor().await);
    let token = app.command(&["token", "--user", &id, "--ttl", "1s"]);

    let poll = app.device().with_bearer(&token).poll(&format!("after={cursor}&wait=30"));

    soon("the poll", poll).await.unwrap().expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_lets_streams_and_polls_go_and_takes_no_new_ones() {
    let mut app = App::with(&["--drain", "2s"]).await;
    let device = app.signed_up("ana@example.com").await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(listening(&device).await);
    }
    let cursor = device.cursor().await;
    let parked = device.poll(&format!("after={cursor}&wait=30"));
    let conditional = parked_conditionally(&device, &cursor);
    app.parked(&device, 2).await;

    let stopped = app.drain();

    let answer = soon("the poll", parked).await.unwrap().expect(204);
    assert_eq!(answer.header("etag"), format!("\"{cursor}\""));
    soon("the poll", conditional).await.unwrap().expect(304);
    let ready = device.get("/readyz").await.expect(503);
    assert_eq!(ready.header("retry-after"), "1");
    assert_eq!(ready.body["status"], "not_ready");
    device.get("/healthz").await.expect(200);
    device.poll(&format!("after={cursor}&wait=30")).await.unwrap().expect(204);
    let mut late = device.listen().await;
    assert_goodbye(&mut late, "draining", true).await;
    for stream in &mut streams {
        assert_goodbye(stream, "draining", true).await;
    }
    soon("the stop", stopped).await.unwrap();
    assert!(std::net::TcpStream::connect_timeout(&app.address, Duration::from_secs(1)).is_err());
}

fn parked_conditionally(device: &Device, cursor: &str) -> tokio::task::JoinHandle<Answer> {
    let device = device.clone();
    let request = device
        .request(reqwest::Method::GET, "/v1/poll?wait=30")
        .header("if-none-match", format!("\"{cursor}\""));
    tokio::spawn(async move { device.send(request).await })
}
