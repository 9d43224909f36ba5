//! What a stream carries, byte for byte and second for second.

mod ends;
mod events;

use super::body::Body;
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
    let request = request.to_http_request();
    respond(&node.feed, listener, None, expires_at, Pace::default(), request.head())
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
