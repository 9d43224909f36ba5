//! When a stream ends, and what it says then.

use super::*;

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
    let size = size_of::<Body>();

    assert!(size <= 320, "{size} bytes");
}
