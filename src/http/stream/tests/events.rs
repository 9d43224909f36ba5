//! What is in a stream while it lasts.

use super::*;

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
