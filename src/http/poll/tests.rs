//! What a poll is answered, and when.

use super::{Ask, PollError, changes, poll};
use crate::feed::tests::memory::{NOW, Node, ana, ending, listener};
use crate::feed::{Item, Limits, Transport};
use crate::model::{EndingCode, Micros, SessionId};
use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use actix_web::test::TestRequest;
use futures_util::FutureExt;
use futures_util::future::join;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

async fn ask(node: &Node, request: TestRequest) -> Result<HttpResponse, PollError> {
    let ask = Ask::read(request.to_http_request().head())?;
    poll(&node.feed, listener(None), None, None, ask).await
}

fn after(node: &Node, more: &str) -> TestRequest {
    TestRequest::with_uri(&format!("/v1/poll?after={}{more}", node.memory.cursor()))
}

/// Waits until the polls that were just begun are parked.
async fn parked() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

async fn json(response: HttpResponse) -> Value {
    assert_eq!(response.status(), 200);
    let etag = response.headers().get("etag").unwrap().to_str().unwrap().to_owned();
    assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
    let body = to_bytes(response.into_body()).await.map_err(drop).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json!(etag.trim_matches('"')), body["cursor"]);
    assert_eq!(body["cursor"], body["user"]["cursor"]);
    body
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_cursor_gets_the_state_at_once() {
    let node = Node::new();
    let began = Instant::now();

    let body = json(ask(&node, TestRequest::default()).await.unwrap()).await;

    assert_eq!(body["user"]["id"], "ana");
    assert_eq!(body["changes"], Value::Null);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[rstest]
#[case::unless_told("", &[], 10, 204)]
#[case::as_told("&wait=3", &[], 3, 204)]
#[case::at_most("&wait=30", &[], 30, 204)]
#[case::not_at_all("&wait=0", &[], 0, 204)]
#[case::as_preferred("", &[("prefer", "wait=4")], 4, 204)]
#[case::clamped("", &[("prefer", "wait=400")], 30, 204)]
#[case::after_wins("", &[("if-none-match", "\"zzzzzzzz.1\"")], 10, 204)]
#[tokio::test(start_paused = true)]
async fn a_poll_with_nothing_new_waits(
    #[case] more: &str,
    #[case] headers: &[(&str, &str)],
    #[case] seconds: u64,
    #[case] status: u16,
) {
    let node = Node::new();
    let began = Instant::now();
    let request =
        headers.iter().fold(after(&node, more), |request, header| request.append_header(*header));

    let response = ask(&node, request).await.unwrap();

    assert_eq!(began.elapsed().as_secs(), seconds);
    assert_eq!(response.status(), status);
    let etag = format!("\"{}\"", node.memory.cursor());
    assert_eq!(response.headers().get("etag").unwrap(), etag.as_str());
    assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
}

#[tokio::test(start_paused = true)]
async fn a_conditional_poll_with_nothing_new_is_answered_304() {
    let node = Node::new();
    let etag = format!("W/\"{}\"", node.memory.cursor());

    let request = TestRequest::with_uri("/v1/poll?wait=1").insert_header(("if-none-match", etag));
    let response = ask(&node, request).await.unwrap();

    assert_eq!(response.status(), 304);
    assert!(response.headers().contains_key("etag"));
}

#[tokio::test(start_paused = true)]
async fn a_change_wakes_every_parked_poll() {
    let node = Node::new();
    let (one, two) = (ask(&node, after(&node, "")), ask(&node, after(&node, "")));
    let began = Instant::now();

    let change = async {
        parked().await;
        node.change();
    };
    let ((one, two), ()) = join(join(one, two), change).await;

    for response in [one, two] {
        let body = json(response.unwrap()).await;
        assert_eq!(body["cursor"], node.memory.cursor().to_string());
        assert_eq!(body["changes"].as_array().unwrap().len(), 1);
        assert_eq!(body["changes"][0]["user"], body["user"]);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn changes_between_two_polls_are_shown_oldest_first() {
    let node = Node::new();
    let request = after(&node, "");
    (0..3).for_each(|_| drop(node.change()));

    let body = json(ask(&node, request).await.unwrap()).await;

    let versions = body["changes"].as_array().unwrap().iter().map(|one| {
        one["cursor"].as_str().unwrap().rsplit_once('.').unwrap().1.parse::<i64>().unwrap()
    });
    assert_eq!(versions.collect::<Vec<_>>(), [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn changes_beyond_the_log_are_null() {
    let node = Node::new();
    let request = after(&node, "");
    node.memory.tables().kept = 1;
    (0..3).for_each(|_| drop(node.change()));

    let body = json(ask(&node, request).await.unwrap()).await;

    assert_eq!(body["changes"], Value::Null);
    assert_eq!(body["cursor"], node.memory.cursor().to_string());
}

#[tokio::test(start_paused = true)]
async fn more_than_100_changes_are_null() {
    let node = Node::new();
    node.memory.tables().kept = 1_000;
    let request = after(&node, "");
    (0..101).for_each(|_| drop(node.change()));

    let body = json(ask(&node, request).await.unwrap()).await;

    assert_eq!(body["changes"], Value::Null);
    assert_eq!(body["cursor"], node.memory.cursor().to_string());
}

#[tokio::test(start_paused = true)]
async fn another_epoch_gets_the_state_at_once() {
    let node = Node::new();

    let request = TestRequest::with_uri("/v1/poll?after=zzzzzzzz.1");
    let body = json(ask(&node, request).await.unwrap()).await;

    assert_eq!(body["changes"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn r14_200_pollers_miss_no_commit_between_read_and_wait() {
    for version in 0..200 {
        let node = Node::new();
        let inside = node.clone();
        let hook = Box::new(move || drop(inside.change()));
        if version % 2 == 0 {
            node.memory.tables().after_read = Some(hook);
        } else {
            node.memory.tables().before_read = Some(hook);
        }
        let request = after(&node, "");
        let began = Instant::now();

        let body = json(ask(&node, request).await.unwrap()).await;

        assert_eq!(body["cursor"], node.memory.cursor().to_string());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_poll_is_answered_401_when_its_session_ends() {
    let node = Node::new();
    let (phone, laptop) = (SessionId::draw(), SessionId::draw());
    let ask = Ask::read(after(&node, "").to_http_request().head()).unwrap();
    let on = |session| poll(&node.feed, listener(Some(session)), None, None, ask.clone());
    let end = async {
        parked().await;
        node.feed.ended(&ending(Some(phone), EndingCode::SessionRevoked));
    };

    let ((on_phone, on_laptop), ()) = join(join(on(phone), on(laptop)), end).await;

    assert!(matches!(on_phone, Err(PollError::Ended)));
    assert_eq!(on_laptop.unwrap().status(), 204);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_disconnected_with_news_in_its_hands_still_tells_them() {
    let node = Node::new();
    let resume = Some(node.memory.cursor());
    let mut poll = node.feed.join(listener(None), Transport::Poll, resume).unwrap();
    assert!(matches!(poll.next().await, Item::Current));
    let change = node.change();
    let Item::Change(frame) = poll.next().await else { panic!("the change is next") };

    node.feed.ended(&ending(None, EndingCode::Disconnected));

    let body = json(changes(poll, frame).unwrap()).await;
    assert_eq!(body["changes"], json!([change]));
}

#[tokio::test(start_paused = true)]
async fn a_drain_answers_parked_polls_at_once() {
    let node = Node::new();
    let began = Instant::now();
    let drain = async {
        parked().await;
        node.feed.drain(Duration::from_secs(10));
    };

    let (response, ()) = join(ask(&node, after(&node, "")), drain).await;

    assert_eq!(response.unwrap().status(), 204);
    assert_eq!(ask(&node, after(&node, "")).await.unwrap().status(), 204);
    let stale = after(&node, "");
    node.change();
    assert_eq!(ask(&node, stale).await.unwrap().status(), 200, "what is new is shown even so");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_when_its_token_expires() {
    let node = Node::new();
    let began = Instant::now();
    let expires_at: Micros = NOW.after(Duration::from_secs(4));

    let ask = Ask::read(after(&node, "").to_http_request().head()).unwrap();
    let response = poll(&node.feed, listener(None), None, Some(expires_at), ask).await;

    assert_eq!(response.unwrap().status(), 204);
    assert_eq!(began.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_21st_parked_poll_is_refused_and_a_place_is_free_as_soon_as_one_leaves() {
    let node = Node::new();
    let mut parked: Vec<_> = (0..20).map(|_| Box::pin(ask(&node, after(&node, "")))).collect();
    assert!(parked.iter_mut().all(|poll| poll.now_or_never().is_none()));

    let refused = ask(&node, after(&node, "")).await;
    let unparked = ask(&node, TestRequest::default()).await;
    drop(parked.pop());
    let one_more = Box::pin(ask(&node, after(&node, ""))).now_or_never();

    assert!(matches!(refused, Err(PollError::TooMany(_))));
    assert!(unparked.is_ok(), "one that need not wait is answered");
    assert!(one_more.is_none(), "it is parked");
    drop(parked);
    assert_eq!(node.feed.connections(&ana()).polls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_cannot_be_answered_says_why() {
    let full = Node::with(Limits { connections: 0, ..Limits::default() });
    let away = Node::new();
    away.memory.tables().down = true;
    let gone = Node::new();
    gone.memory.delete(&ana());

    assert!(matches!(ask(&full, TestRequest::default()).await, Err(PollError::Overloaded)));
    assert!(matches!(ask(&away, TestRequest::default()).await, Err(PollError::Unavailable)));
    assert!(matches!(ask(&gone, TestRequest::default()).await, Err(PollError::Ended)));
}
