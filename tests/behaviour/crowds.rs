//! Many streams at once: who hears what, who is let go, and who is never shown anything.

use super::support::{App, Device, PASSWORD, kyc, soon};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s21_one_stream_too_many_ends_the_oldest() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = device.listen().await;
        stream.expect("snapshot").await;
        streams.push(stream);
    }
    assert_eq!(device.live_streams().await, 20);

    let mut newest = device.listen().await;

    newest.expect("snapshot").await;
    let goodbye = streams[0].expect("goodbye").await;
    let data = json!({ "code": "too_many_streams", "reconnect": false, "retry_ms": 600_000 });
    assert_eq!((goodbye.data, goodbye.retry), (data, Some(600_000)));
    assert!(streams[0].next().await.is_none());
    device.has_streams(20).await;
    let change = kyc(&app.backend("default"), &device.id().await, json!({ "step": 1 })).await;
    for stream in streams.iter_mut().skip(1).chain([&mut newest]) {
        assert_eq!(stream.expect("kyc.updated").await.data, change);
    }
}

/// Enough that they are woken together, and changes that come fast are written together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_tabs_of_one_user_are_shown_each_of_a_burst_of_changes() {
    let app = App::with(&["--streams-per-user", "100"]).await;
    let device = app.signed_up("ana@example.com").await;
    let mut tabs = Vec::new();
    for _ in 0..100 {
        let mut tab = device.listen().await;
        tab.expect("snapshot").await;
        tabs.push(tab);
    }
    let (backend, id) = (app.backend("default"), device.id().await);

    let mut changes = Vec::new();
    for step in 0..12 {
        changes.push(kyc(&backend, &id, json!({ "step": step })).await);
    }

    for tab in &mut tabs {
        for change in &changes {
            assert_eq!(tab.expect("kyc.updated").await.data, *change);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s21_a_full_node_says_so_with_200_and_polls_get_503() {
    let app = App::with(&["--max-streams", "2"]).await;
    let device = app.signed_up("ana@example.com").await;
    let (mut first, mut second) = (device.listen().await, device.listen().await);
    first.expect("snapshot").await;
    second.expect("snapshot").await;

    let mut third = device.listen().await;

    let goodbye = third.expect("goodbye").await;
    assert_eq!(goodbye.data["code"], "overloaded");
    assert_eq!(
        (&goodbye.data["reconnect"], &goodbye.data["retry_ms"]),
        (&json!(true), &json!(goodbye.retry))
    );
    assert!((1000..=4000).contains(&goodbye.retry.unwrap()));
    assert!(third.next().await.is_none());
    let poll = device.get("/v1/poll").await.expect_problem(503, "overloaded");
    assert!(poll.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_frees_its_place_at_once() {
    let app = App::with(&["--max-streams", "1"]).await;
    let device = app.signed_up("ana@example.com").await;
    let mut gone = device.listen().await;
    gone.expect("snapshot").await;
    device.has_streams(1).await;

    drop(gone);

    device.has_streams(0).await;
    device.listen().await.expect("snapshot").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_how_many_streams_are_open() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let mut stream = device.listen().await;
    stream.expect("snapshot").await;

    let metrics = device.get("/metrics").await.expect(200);

    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    // Services of one process share their metrics.
    assert!(app.metric("afterclick_streams_open").await >= 1.0, "{}", metrics.text);
    assert!(!metrics.text.contains("ana@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_streams_are_counted_by_session() {
    let app = App::start().await;
    let laptop = app.signed_up("ana@example.com").await;
    let phone = app.device();
    phone.log_in("ana@example.com", PASSWORD).await;
    let (_one, _two, _three) = (laptop.listen().await, laptop.listen().await, phone.listen().await);

    let sessions = laptop.get("/v1/sessions").await.expect(200).body["sessions"].clone();

    let sessions = sessions.as_array().unwrap();
    let streams = |current: bool| {
        sessions.iter().find(|one| one["current"] == current).unwrap()["live_streams"].clone()
    };
    assert_eq!((sessions.len(), streams(true), streams(false)), (2, json!(2), json!(1)));
}

/// Each of two users has five devices and a mark of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_nobody_ever_hears_of_somebody_else() {
    let app = App::start().await;
    let backend = app.backend("default");
    let people = ["ana@example.com", "ben@example.com"];
    let mut listening = Vec::new();
    let mut ids = Vec::new();
    for (person, email) in people.iter().enumerate() {
        let device = app.signed_up(email).await;
        ids.push(device.id().await);
        for _ in 0..5 {
            listening.push((person, device.listen().await));
        }
    }

    for round in 0..10 {
        for (person, id) in ids.iter().enumerate() {
            let mark = json!({ "mark": format!("mark-of-{person}"), "round": round });
            kyc(&backend, id, mark).await;
        }
    }

    for (person, stream) in &mut listening {
        let other = format!("mark-of-{}", 1 - *person);
        loop {
            let event = stream.next().await.unwrap();
            assert!(!event.data.to_string().contains(&other), "{event:?}");
            assert!(!event.data.to_string().contains(people[1 - *person]), "{event:?}");
            if event.data["user"]["kyc"]["round"] == 9 {
                break;
            }
        }
    }
}

/// The reader reads nothing while changes come that are more than every buffer on the way holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_a_reader_that_lags_is_brought_to_the_present_and_never_back() {
    const CHANGES: i64 = 600;
    let app = App::start().await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let id = device.id().await;
    let lagging = unread(&app, &device).await;
    let mut awake = device.listen().await;
    awake.expect("snapshot").await;

    let filling = "x".repeat(12_000);
    for step in 1..=CHANGES {
        kyc(&backend, &id, json!({ "step": step, "filling": filling })).await;
        assert_eq!(awake.expect("kyc.updated").await.data["user"]["kyc"]["step"], step);
    }

    lagging.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let shown = soon("the present", tokio::task::spawn_blocking(move || steps(lagging, CHANGES)));
    let shown = shown.await.unwrap();
    assert!(shown.windows(2).all(|pair| pair[0].1 < pair[1].1), "{shown:?}");
    assert!(shown.iter().any(|(name, _)| name == "snapshot"), "it never lagged: {shown:?}");
}

/// The reader's window is shut, and it acknowledges all the same that it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_a_reader_that_reads_nothing_is_let_go_within_20_s() {
    let app = App::with(&["--heartbeat", "1s"]).await;
    let (device, backend) = (app.signed_up("ana@example.com").await, app.backend("default"));
    let id = device.id().await;
    let _stalled = unread(&app, &device).await;
    let filling = "x".repeat(12_000);
    for step in 0..600 {
        kyc(&backend, &id, json!({ "step": step, "filling": filling })).await;
    }
    let mut awake = device.listen().await;
    awake.expect("snapshot").await;

    let mut seconds = 0;
    while device.live_streams().await > 1 {
        awake.expect("heartbeat").await;
        seconds += 1;
        assert!(seconds <= 20, "it is still held");
    }
}

/// A stream of Ana's that nobody reads.
async fn unread(app: &App, device: &Device) -> TcpStream {
    let token = device.token("ana@example.com").await;
    let mut socket = TcpStream::connect(app.address).unwrap();
    let head =
        format!("GET /v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    device.has_streams(1).await;
    socket
}

/// The names and steps a raw stream shows, until `last`.
fn steps(mut socket: TcpStream, last: i64) -> Vec<(String, i64)> {
    let (mut text, mut shown, mut name) = (Vec::new(), Vec::new(), String::new());
    let mut chunk = [0; 8192];
    while shown.last().is_none_or(|(_, step)| *step < last) {
        let read = socket.read(&mut chunk).unwrap();
        assert!(read > 0, "the stream ended");
        text.extend_from_slice(&chunk[..read]);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = std::str::from_utf8(&line).unwrap().trim_end();
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut name);
            }
            // One event is one chunk, so no size stands within a line.
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let data: Value = serde_json::from_str(data).unwrap();
            shown.extend(data["user"]["kyc"]["step"].as_i64().map(|step| (name.clone(), step)));
        }
    }
    shown
}
