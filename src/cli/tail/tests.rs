use super::show::Show;
use super::*;
use crate::cli::api::Given;
use serde_json::{Value, json};
use std::io::{Read, Seek};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a scripted service sends back.
enum Reply {
    /// This, and the end of the connection.
    Text(String),
    /// This, and then nothing for as long as anybody waits.
    Held(String),
}

/// A service that answers the n-th request as `script` says; the requests' paths and cursors.
async fn scripted(
    script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
) -> (At, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = At { url: format!("http://{}", listener.local_addr().unwrap()) };
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let (told, script) = (Arc::clone(&asked), Arc::new(script));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let from = head.lines().find_map(|line| line.strip_prefix("last-event-id: "));
            let line = from.map_or_else(|| path.clone(), |from| format!("{path} from {from}"));
            told.lock().unwrap().push(line);
            let number = told.lock().unwrap().len();
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                match script(number, &path) {
                    Reply::Text(text) => drop(socket.write_all(text.as_bytes()).await),
                    Reply::Held(text) => {
                        let _gone = socket.write_all(text.as_bytes()).await;
                        let _gone = socket.read(&mut [0]).await;
                    }
                }
            });
        }
    });
    (at, asked)
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn change(version: u32, kind: &str) -> Value {
    json!({
        "cursor": format!("aaaaaaaa.{version}"), "type": kind, "data": { "step": version },
        "at": "2026-11-22T20:22:20.123Z", "user": { "id": "ana" },
    })
}

fn snapshot(version: u32, reason: &str) -> String {
    let cursor = format!("aaaaaaaa.{version}");
    event("snapshot", &json!({ "cursor": cursor, "reason": reason, "user": { "id": "ana" } }))
}

fn published(version: u32, kind: &str) -> String {
    event(kind, &change(version, kind))
}

fn answer(body: &Value) -> Reply {
    let body = body.to_string();
    Reply::Text(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// Follows until a change of type `last.one`; what was shown, a line each.
async fn follow(at: &At, patience: Patience) -> Result<Vec<String>, TailError> {
    let mut file = tempfile::tempfile().unwrap();
    let awaited = Awaited::Type("last.one".to_owned());
    let show = Show::new(file.try_clone().unwrap(), Style::Lines, awaited);
    let token = Given::take("token".into()).unwrap();
    let follower = Follower::new(Api::at(at).unwrap(), token, show, None, patience);
    tokio::time::timeout(Duration::from_secs(10), follower.run()).await.unwrap()?;
    let mut shown = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut shown).unwrap();
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let version = value["cursor"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
        format!("{} {version}", value["type"].as_str().unwrap())
    };
    Ok(shown.lines().map(line).collect())
}

/// So little that nobody has to wait for a test, and enough for a loaded machine.
fn hasty() -> Patience {
    Patience {
        first: Duration::from_secs(2),
        next: Duration::from_secs(2),
        polling: Duration::from_mins(1),
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(40),
    }
}

#[tokio::test]
async fn after_two_mute_streams_it_polls() {
    let (at, asked) = scripted(|number, path| match number {
        1 | 2 => Reply::Held(STREAM.to_owned()),
        3 => {
            assert!(path.starts_with("/v1/poll?wait="), "{path}");
            answer(&json!({ "cursor": "aaaaaaaa.4", "user": { "id": "ana" }, "changes": null }))
        }
        4 => Reply::Text("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        _ => {
            assert!(path.ends_with("&after=aaaaaaaa.4"), "{path}");
            let changes = [change(5, "kyc.updated"), change(6, "last.one")];
            answer(&json!({ "cursor": "aaaaaaaa.6", "user": {}, "changes": changes }))
        }
    })
    .await;

    let shown = follow(&at, hasty()).await.unwrap();

    assert_eq!(shown, ["snapshot 4", "kyc.updated 5", "last.one 6"]);
    let asked = asked.lock().unwrap();
    assert_eq!(
        (asked.len(), asked[0].as_str(), asked[1].as_str()),
        (5, "/v1/stream", "/v1/stream")
    );
}

#[tokio::test]
async fn a_stream_is_tried_again_after_a_while_of_polls() {
    let (at, asked) = scripted(|number, path| match (number, path) {
        (1 | 2, _) => Reply::Text("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n".into()),
        (_, "/v1/stream") => Reply::Held(format!("{STREAM}{}", published(5, "last.one"))),
        _ => {
            let changes: [Value; 0] = [];
            answer(&json!({ "cursor": "aaaaaaaa.4", "user": {}, "changes": changes }))
        }
    })
    .await;
    let patience = Patience { polling: Duration::from_millis(200), ..hasty() };

    let shown = follow(&at, patience).await.unwrap();

    assert_eq!(shown, ["last.one 5"]);
    let asked = asked.lock().unwrap();
    assert!(asked[2].starts_with("/v1/poll") && asked.last().unwrap() == "/v1/stream");
}

#[tokio::test]
async fn what_is_shown_never_goes_back_and_goes_on_where_it_was() {
    let (at, asked) = scripted(|number, _| {
        let told = match number {
            1 => snapshot(3, "connected") + &published(4, "kyc.updated"),
            2 => published(3, "old.one") + &published(4, "kyc.updated") + &published(5, "a.b"),
            _ => snapshot(4, "gap") + &published(6, "last.one"),
        };
        Reply::Text(format!("{STREAM}{told}"))
    })
    .await;

    let shown = follow(&at, hasty()).await.unwrap();

    assert_eq!(shown, ["snapshot 3", "kyc.updated 4", "a.b 5", "last.one 6"]);
    let asked: Vec<String> = asked
        .lock()
        .unwrap()
        .iter()
        .filter(|path| path.starts_with("/v1/stream"))
        .cloned()
        .collect();
    let from = |version| format!("/v1/stream from aaaaaaaa.{version}");
    assert_eq!(asked, ["/v1/stream".to_owned(), from(4), from(5)]);
}

#[tokio::test]
async fn what_a_gap_hides_is_read_from_the_history() {
    let (at, _) = scripted(|number, path| match (number, path) {
        (1, _) => Reply::Text(format!("{STREAM}{}", snapshot(1, "connected"))),
        (2, _) => Reply::Held(format!("{STREAM}{}", snapshot(4, "gap"))),
        (_, "/v1/me/changes?after=aaaaaaaa.1&limit=100") => {
            answer(&json!({ "changes": [change(2, "a.b"), change(3, "a.c")], "cursor": "" }))
        }
        (_, path) => {
            assert_eq!(path, "/v1/me/changes?after=aaaaaaaa.3&limit=100");
            answer(&json!({ "changes": [change(4, "last.one")], "cursor": "" }))
        }
    })
    .await;

    let shown = follow(&at, hasty()).await.unwrap();

    assert_eq!(shown, ["snapshot 1", "a.b 2", "a.c 3", "last.one 4"]);
}

#[tokio::test]
async fn a_heartbeat_that_is_ahead_twice_tells_of_a_loss() {
    let (at, asked) = scripted(|number, _| match number {
        1 => {
            let beat = event("heartbeat", &json!({ "cursor": "aaaaaaaa.2", "now": "" }));
            Reply::Held(format!("{STREAM}{}{beat}{beat}", snapshot(1, "connected")))
        }
        _ => Reply::Held(format!("{STREAM}{}", published(2, "last.one"))),
    })
    .await;

    let shown = follow(&at, hasty()).await.unwrap();

    assert_eq!(shown, ["snapshot 1", "last.one 2"]);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_service_says_how_soon_to_come_back_and_when_not_to() {
    let (at, _) = scripted(|number, _| match number {
        1 => Reply::Text("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n".into()),
        2 => {
            let goodbye = json!({ "code": "draining", "reconnect": true, "retry_ms": 300 });
            Reply::Text(format!("{STREAM}{}", event("goodbye", &goodbye)))
        }
        _ => {
            let goodbye = json!({ "code": "user_deleted", "reconnect": false, "retry_ms": 1 });
            Reply::Text(format!("{STREAM}{}", event("goodbye", &goodbye)))
        }
    })
    .await;
    let began = std::time::Instant::now();

    let ended = follow(&at, hasty()).await.unwrap_err();

    assert_eq!(ended.to_string(), "the service ended it: user_deleted");
    assert!(began.elapsed() >= Duration::from_millis(1_300), "{:?}", began.elapsed());
}

#[test]
fn s15_no_text_of_a_change_moves_the_terminal() {
    let shown = |style, change: &Value| {
        let mut file = tempfile::tempfile().unwrap();
        let mut show = Show::new(file.try_clone().unwrap(), style, Awaited::Any);
        assert!(show.change(change).unwrap() && show.is_read());
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let good = change(4, "kyc.updated");
    let plain = shown(Style::Plain, &good);
    assert_eq!(plain, "20:22:20Z  kyc.updated           {\"step\":4}  aaaaaaaa.4\n");
    assert!(shown(Style::Colours, &good).contains("\u{1b}[32mkyc.updated"));
    assert_eq!(shown(Style::Lines, &good), format!("{good}\n"));

    let nasty = "\u{1b}[2J\u{9b}2J\r\n\u{7}\u{202e}";
    let mut bad = change(5, nasty);
    bad["data"] = json!({ nasty: nasty });
    bad["at"] = json!(nasty);

    let plain = shown(Style::Plain, &bad);
    assert_eq!(plain.lines().count(), 1);
    assert!(!plain.trim_end().chars().any(|letter| letter.is_control() || letter == '\u{202e}'));
}
