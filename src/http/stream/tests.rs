//! What a stream carries, byte for byte and second for second.

use super::{Pace, respond};
use crate::feed::tests::memory::{NOW, Node, ana, ending, listener};
use crate::feed::{Limits, Listener};
use crate::model::{EndingCode, Micros, SessionId};
use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::test::TestRequest;
use rstest::rstest;
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A reader of one stream.
struct Reader {
    body: Pin<Box<BoxBody>>,
    opened: Instant,
}

/// One event as a parser of the standard reads it.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: Option<String>,
    retry: Option<u64>,
    data: Value,
}

impl Reader {
    fn of(response: HttpResponse) -> Self {
        Self { body: Box::pin(response.into_body()), opened: Instant::now() }
    }

    fn open(node: &Node, uri: &str) -> Self {
        Self::of(opened(node, listener(None), None, TestRequest::with_uri(uri)))
    }

    fn with(node: &Node, listener: Listener, expires_at: Option<Micros>) -> Self {
        Self::of(opened(node, listener, expires_at, TestRequest::default()))
    }

    /// The next block as it is on the wire; `None` where the body has ended.
    async fn block(&mut self) -> Option<String> {
        let chunk = poll_fn(|context| self.body.as_mut().poll_next(context)).await?;
        Some(String::from_utf8(chunk.unwrap().to_vec()).unwrap())
    }

    async fn event(&mut self) -> Event {
        parse(&self.block().await.unwrap())
    }

    /// The name of the next event, and its `code` where it is the last.
    async fn name(&mut self) -> String {
        let event = self.event().await;
        let code = event.data["code"].as_str().map(|code| format!(" {code}"));
        event.name + &code.unwrap_or_default()
    }

    fn seconds(&self) -> u64 {
        self.opened.elapsed().as_secs()
    }

    async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_secs(1), self.block()).await.is_err()
    }
}

fn opened(
    node: &Node,
    listener: Listener,
    expires_at: Option<Micros>,
    request: TestRequest,
) -> HttpResponse {
    respond(&node.feed, listener, expires_at, Pace::default(), &request.to_http_request())
}

fn parse(block: &str) -> Event {
    let block = block.strip_suffix("\n\n").expect("a block ends with a blank line");
    assert!(!block.contains("\n\n"), "one event a chunk: {block:?}");
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Event {
        name: field("event").expect("every event has a name").to_owned(),
        id: field("id").map(str::to_owned),
        retry: field("retry").map(|retry| retry.parse().unwrap()),
        data: serde_json::from_str(field("data").unwrap()).unwrap(),
    }
}

/// Takes the drawn `retry` out of a first block, after a look at its range.
fn without_retry(block: &str) -> String {
    let (retry, rest) = block.split_once('\n').unwrap();
    let retry: u64 = retry.strip_prefix("retry: ").unwrap().parse().unwrap();
    assert!((1_000..=4_000).contains(&retry), "{retry}");
    rest.to_owned()
}

const USER: &str = "{\"id\":\"ana\",\"email\":\"ana@example.com\",\"email_verified\":false,\
    \"email_verified_at\":null,\"kyc\":{},\"attributes\":{},\
    \"created_at\":\"2026-01-01T00:00:00.000Z\",\"updated_at\":\"2026-01-01T00:00:00.000Z\",\
    \"cursor\":\"CURSOR\"}";

#[tokio::test(start_paused = true)]
async fn the_events_are_these_bytes() {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    let (one, user) =
        (node.memory.cursor().to_string(), |cursor: &str| USER.replace("CURSOR", cursor));

    assert_eq!(
        without_retry(&reader.block().await.unwrap()),
        format!(
            "id: {one}\nevent: snapshot\ndata: {{\"cursor\":\"{one}\",\"reason\":\"connected\",\"user\":{}}}\n\n",
            user(&one)
        )
    );
    let two = node.change().cursor.to_string();
    assert_eq!(
        reader.block().await.unwrap(),
        format!(
            "id: {two}\nevent: user.updated\ndata: {{\"cursor\":\"{two}\",\"type\":\"user.updated\",\"data\":{{}},\"at\":\"2026-01-01T00:00:00.000Z\",\"user\":{}}}\n\n",
            user(&two)
        )
    );
    assert_eq!(
        reader.block().await.unwrap(),
        format!(
            "event: heartbeat\ndata: {{\"cursor\":\"{two}\",\"now\":\"2026-01-01T00:00:00.000Z\"}}\n\n"
        )
    );
    node.feed.ended(&ending(None, EndingCode::SessionRevoked));
    assert_eq!(
        reader.block().await.unwrap(),
        "event: goodbye\nretry: 600000\ndata: {\"code\":\"session_revoked\",\"reconnect\":false,\"retry_ms\":600000}\n\n"
    );
    assert_eq!(reader.block().await, None);
}

#[tokio::test]
async fn the_head_is_answered_before_any_row_is_read() {
    let node = Node::new();

    let response = opened(&node, listener(None), None, TestRequest::default());

    let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(node.memory.tables().reads, 0);
}

#[test]
fn a_head_request_opens_nothing() {
    let node = Node::new();

    let request = TestRequest::default().method(actix_web::http::Method::HEAD);
    let response = opened(&node, listener(None), None, request);

    assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
    assert_eq!(node.feed.connections(&ana()).streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_beats_every_15_seconds_and_ends_with_its_age() {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    assert_eq!(reader.name().await, "snapshot");
    let mut beats = 0;

    let last = loop {
        let event = reader.event().await;
        if event.name != "heartbeat" {
            break event;
        }
        beats += 1;
        assert_eq!(reader.seconds(), beats * 15);
        assert_eq!((event.id, event.retry), (None, None));
    };

    assert_eq!(last.data["code"], "max_age");
    assert!((2_880..=3_600).contains(&reader.seconds()), "{}", reader.seconds());
    assert_eq!(reader.block().await, None);
    assert_eq!(node.feed.connections(&ana()).streams, 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_event_where_there_is_nothing_to_send_is_a_heartbeat() {
    let node = Node::new();
    let mut reader =
        Reader::open(&node, &format!("/v1/stream?last_event_id={}", node.memory.cursor()));

    let event = reader.event().await;

    assert_eq!(event.name, "heartbeat");
    assert!(event.retry.is_some());
    assert_eq!(reader.seconds(), 0);
}

#[tokio::test(start_paused = true)]
async fn missed_changes_come_first_and_the_first_says_when_to_come_back() {
    let node = Node::new();
    let seen = node.memory.cursor();
    (0..3).for_each(|_| drop(node.change()));
    let mut reader = Reader::open(&node, &format!("/v1/stream?lastEventId={seen}"));

    let (first, second, third) = (reader.event().await, reader.event().await, reader.event().await);

    assert_eq!(third.id, Some(node.memory.cursor().to_string()));
    assert_eq!(first.data["cursor"], json!(first.id));
    assert!(first.retry.is_some() && second.retry.is_none());
    assert!(reader.is_quiet().await);
}

#[rstest]
#[case::header_wins("HERE", "?last_event_id=zzzzzzzz.1", "heartbeat")]
#[case::garbage_header_wins_too("garbage", "?last_event_id=HERE", "snapshot")]
#[case::empty_header("", "?last_event_id=HERE", "heartbeat")]
#[case::garbage_query("", "?last_event_id=%00", "snapshot")]
#[case::nothing("", "", "snapshot")]
#[tokio::test(start_paused = true)]
async fn a_stream_resumes_from_header_or_query(
    #[case] header: &str,
    #[case] query: &str,
    #[case] first: &str,
) {
    let node = Node::new();
    let here = |text: &str| text.replace("HERE", &node.memory.cursor().to_string());
    let uri = here(&format!("/v1/stream{query}"));

    let request = TestRequest::with_uri(&uri).insert_header(("Last-Event-ID", here(header)));
    let mut reader = Reader::of(opened(&node, listener(None), None, request));

    assert_eq!(reader.name().await, first);
}

#[tokio::test(start_paused = true)]
async fn a_stream_opened_with_a_token_ends_when_the_token_expires() {
    let node = Node::new();
    let mut reader = Reader::with(&node, listener(None), Some(NOW.after(Duration::from_secs(40))));

    let names =
        [reader.name().await, reader.name().await, reader.name().await, reader.name().await];

    assert_eq!(names, ["snapshot", "heartbeat", "heartbeat", "goodbye token_expired"]);
    assert_eq!(reader.seconds(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_rests_ends_in_time_all_the_same() {
    let node = Node::new();
    let mut reader = Reader::with(&node, listener(None), Some(NOW.after(Duration::from_secs(40))));

    let last = loop {
        node.change();
        tokio::time::advance(Duration::from_millis(100)).await;
        let event = reader.event().await;
        if event.name == "goodbye" {
            break event;
        }
    };

    assert_eq!(last.data["code"], "token_expired");
    assert_eq!(reader.seconds(), 40);
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_ends_its_streams_only() {
    let node = Node::new();
    let (phone, laptop) = (SessionId::draw(), SessionId::draw());
    let mut on_phone = Reader::with(&node, listener(Some(phone)), None);
    let mut on_laptop = Reader::with(&node, listener(Some(laptop)), None);
    assert_eq!(
        (on_phone.name().await, on_laptop.name().await),
        ("snapshot".into(), "snapshot".into())
    );

    node.feed.ended(&ending(Some(phone), EndingCode::SessionRevoked));

    assert_eq!(on_phone.name().await, "goodbye session_revoked");
    assert_eq!(on_phone.seconds(), 0);
    assert_eq!(on_phone.block().await, None);
    assert!(on_laptop.is_quiet().await);
}

#[rstest]
#[case(EndingCode::SessionRevoked)]
#[case(EndingCode::UserDeleted)]
#[case(EndingCode::Disconnected)]
#[tokio::test(start_paused = true)]
async fn who_is_sent_away_is_told_not_to_come_back(#[case] code: EndingCode) {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    reader.event().await;

    node.feed.ended(&ending(None, code));

    let last = reader.event().await;
    assert_eq!(last.data, json!({"code": code.as_str(), "reconnect": false, "retry_ms": 600_000}));
    assert_eq!(last.retry, Some(600_000));
}

#[tokio::test(start_paused = true)]
async fn s21_the_oldest_of_21_streams_is_told_to_close() {
    let node = Node::new();
    let mut readers: Vec<_> = (0..21).map(|_| Reader::open(&node, "/v1/stream")).collect();

    assert_eq!(readers[0].name().await, "goodbye too_many_streams");
    for reader in &mut readers[1..] {
        assert_eq!(reader.name().await, "snapshot");
    }
}

#[tokio::test(start_paused = true)]
async fn s21_a_full_node_says_so_with_200() {
    let node = Node::with(Limits { connections: 1, ..Limits::default() });
    let _first = Reader::open(&node, "/v1/stream");

    let response = opened(&node, listener(None), None, TestRequest::default());

    assert_eq!(response.status(), 200);
    let mut reader = Reader::of(response);
    let last = reader.event().await;
    assert_eq!((last.name.as_str(), &last.data["code"]), ("goodbye", &json!("overloaded")));
    assert_eq!(
        (&last.data["reconnect"], &last.data["retry_ms"]),
        (&json!(true), &json!(last.retry))
    );
    assert_eq!(reader.block().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_told_with_200() {
    let node = Node::new();
    node.memory.tables().down = true;
    let mut reader = Reader::open(&node, "/v1/stream");

    assert_eq!(reader.name().await, "goodbye unavailable");
    assert_eq!(reader.block().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_beats_on_while_the_database_is_away() {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    reader.event().await;
    (0..40).for_each(|_| drop(node.change()));
    node.memory.tables().down = true;

    let away = [reader.event().await, reader.event().await];
    node.memory.tables().down = false;
    let back = reader.event().await;

    let newest = node.memory.cursor().to_string();
    assert!(away.iter().all(|event| event.name == "heartbeat" && event.data["cursor"] == newest));
    assert_eq!((back.name.as_str(), &back.data["reason"]), ("snapshot", &json!("gap")));
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_streams_go_at_different_moments_within_its_window() {
    let node = Node::with(Limits { streams_per_user: 100, ..Limits::default() });
    let mut readers: Vec<_> = (0..40).map(|_| Reader::open(&node, "/v1/stream")).collect();
    for reader in &mut readers {
        reader.event().await;
    }

    node.feed.drain(Duration::from_secs(10));

    let told = futures_util::future::join_all(readers.iter_mut().map(async |reader| {
        let name = reader.name().await;
        (name, reader.opened.elapsed().as_millis())
    }));
    let told = told.await;
    assert!(told.iter().all(|(name, _)| name == "goodbye draining"));
    let moments: std::collections::BTreeSet<_> = told.iter().map(|(_, at)| at / 1_000).collect();
    assert!(moments.len() > 4 && moments.last() < Some(&9), "{moments:?}");
    assert_eq!(Reader::open(&node, "/v1/stream").name().await, "goodbye draining");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_not_there_is_told() {
    let node = Node::new();
    node.memory.delete(&ana());

    assert_eq!(Reader::open(&node, "/v1/stream").name().await, "goodbye user_deleted");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_frees_its_place_at_once() {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    reader.event().await;
    assert_eq!(node.feed.connections(&ana()).streams, 1);

    drop(reader);

    assert_eq!(node.feed.connections(&ana()).streams, 0);
}

#[tokio::test(start_paused = true)]
async fn s15_a_type_that_would_break_out_of_its_line_does_not() {
    let node = Node::new();
    let mut reader = Reader::open(&node, "/v1/stream");
    reader.event().await;
    let mut change = node.memory.commit(&ana());
    change.kind = crate::model::ChangeType::stored("a.b\ndata: forged\n\nevent: x".into());

    node.feed.changed(&ana(), change);

    let event = reader.event().await;
    assert_eq!((event.name.as_str(), &event.data["reason"]), ("snapshot", &json!("gap")));
}

#[test]
fn a_stream_is_small() {
    let size = size_of::<super::body::Body>();

    assert!(size <= 320, "{size} bytes");
}
