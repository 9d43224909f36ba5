//! Clients that are slow, odd, or gone.

use super::support::{App, Device, kyc, soon};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};

/// Sends these bytes, and reads until the service closes; what it said, and after how long.
async fn said(app: &App, bytes: &[u8]) -> (String, Duration) {
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "it never closes: {}", String::from_utf8_lossy(&answer));
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_a_head_that_does_not_come_is_not_waited_for() {
    let app = App::start().await;
    let half = "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ";
    let behind = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n{half}");
    let (second, slower) = (behind("/healthz"), behind("/readyz"));

    let ((first, at_first), (second, at_second), (slower, at_slower)) = tokio::join!(
        said(&app, half.as_bytes()),
        said(&app, second.as_bytes()),
        said(&app, slower.as_bytes())
    );

    assert!(first.is_empty() || first.starts_with("HTTP/1.1 408"), "{first}");
    assert!(at_first < Duration::from_secs(8), "{at_first:?}");
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
    assert!(at_second < Duration::from_secs(8), "{at_second:?}");
    assert!(slower.starts_with("HTTP/1.1 200"), "{slower}");
    assert!(at_slower < Duration::from_secs(8), "{at_slower:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_two_thousand_slow_clients_hold_nobody_up_and_are_let_go() {
    let app = App::start().await;
    let mut slow = Vec::new();
    for _ in 0..2_000 {
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
        slow.push(socket);
    }
    for _ in 0..100 {
        // A connection of its own each time, and no wait for the slow ones, which are held for 5 s.
        let answer = timeout(Duration::from_secs(3), app.device().get("/healthz")).await;
        answer.expect("an answer meanwhile").expect(200);
    }

    for socket in &mut slow {
        let mut answer = Vec::new();
        // Nothing, or a 408; a reset where it comes before what was sent is read.
        let _ = soon("their end", socket.read_to_end(&mut answer)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_in_use_is_not_taken_for_a_slow_one() {
    let app = App::start().await;
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    // Longer than a head may take; each of these comes whole, and is answered at once.
    let end = Instant::now() + Duration::from_secs(6);
    while Instant::now() < end {
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"{\"status\":\"ok\"}") {
            let read = soon("an answer", socket.read_buf(&mut answer)).await.unwrap();
            assert_ne!(read, 0, "it was closed in the middle of its work");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_odd_requests_are_refused_and_never_500() {
    let app = App::start().await;
    let many = "x: y\r\n".repeat(200);
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let post = "POST /v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

    for odd in [
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(140_000)),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        huge,
        "GET / HTTP/1.1\r\nhost: x\r\nbad header: x\r\n\r\n".to_owned(),
        format!("{post}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}x"),
        format!("{post}content-length: -1\r\n\r\n"),
        format!("{post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
    ] {
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        // The refusal may come, and the connection be closed, before all is sent.
        let _refused_meanwhile = socket.write_all(odd.as_bytes()).await;
        let mut answer = [0; 12];
        let read = soon("a refusal", socket.read_exact(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let shown = odd.chars().take(120).collect::<String>();
        assert!(read.is_err() || answer.starts_with("HTTP/1.1 4"), "{answer} to {shown:?}");
    }
    app.device().get("/healthz").await.expect(200);
}

/// A body larger than may be is refused before it is all there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_a_body_announced_too_large_is_not_waited_for() {
    let app = App::start().await;
    let head = "POST /v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 100000000\r\n\r\n{";

    let (answer, after) = said(&app, head.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(after < Duration::from_secs(10), "{after:?}");
}

/// R22: whatever was asked is wholly done or not at all, and nobody else notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r22_clients_that_leave_in_the_middle_of_a_write_leave_nothing_behind() {
    let app = App::with(&["--history", "1000/1d"]).await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let (id, before) = (device.id().await, version(&device).await);
    let path = format!("/v1/users/{id}/events");
    let mut leaving = JoinSet::new();
    for round in 0..200_u64 {
        let (backend, path) = (backend.clone(), path.clone());
        leaving.spawn(async move {
            let event = json!({ "type": "kyc.updated", "data": { "round": round } });
            let patience = Duration::from_micros(round * 50);
            timeout(patience, backend.post(&path, &event)).await.is_ok()
        });
    }
    let mut answered = 0;
    while let Some(done) = soon("a client", leaving.join_next()).await {
        answered += i64::from(done.unwrap());
    }

    let last = kyc(&backend, &id, json!({ "round": "last" })).await;

    let page =
        |after: i64| format!("/v1/me/changes?limit=100&after={}.{after}", epoch(&last["cursor"]));
    let (mut at, end) = (before, version(&device).await);
    assert!(end - before > answered, "{answered} were acknowledged, and {end} is the version");
    while at < end {
        let changes = device.get(&page(at)).await.expect(200).body["changes"].clone();
        for change in changes.as_array().unwrap() {
            at += 1;
            assert_eq!(number(&change["cursor"]), at);
        }
    }
    let ready = device.get("/readyz").await.expect(200);
    assert_eq!(ready.body["status"], "ready");
}

async fn version(device: &Device) -> i64 {
    number(&json!(device.cursor().await))
}

fn number(cursor: &serde_json::Value) -> i64 {
    cursor.as_str().unwrap().split_once('.').unwrap().1.parse().unwrap()
}

fn epoch(cursor: &serde_json::Value) -> &str {
    cursor.as_str().unwrap().split_once('.').unwrap().0
}
