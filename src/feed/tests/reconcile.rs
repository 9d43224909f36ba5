//! What is found although nobody told.

use super::memory::{NOW, Node, ana, ending, listener};
use crate::feed::{Item, Reason, Transport};
use crate::model::{Ending, EndingCode, SessionId};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The longest a change may stay unseen with the bus dead.
const BOUND: Duration = Duration::from_secs(6);

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_told_of_is_shown_within_seconds() {
    let node = Node::new();
    let run = tokio::spawn(node.feed.clone().run());
    let mut stream = node.stream(None);
    stream.next().await;

    node.memory.commit(&ana());

    let item = timeout(BOUND, stream.next()).await.unwrap();
    assert!(matches!(item, Item::Change(frame) if frame.cursor() == node.memory.cursor()));
    run.abort();
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_nobody_told_of_is_obeyed_within_seconds() {
    let node = Node::new();
    let run = tokio::spawn(node.feed.clone().run());
    let session = SessionId::draw();
    let mut stream = node.feed.join(listener(Some(session)), Transport::Stream, None).unwrap();
    stream.next().await;

    node.memory.end(ending(Some(session), EndingCode::SessionRevoked));

    assert!(matches!(timeout(BOUND, stream.next()).await, Ok(Item::Ended(_))));
    assert!(node.feed.refuses(&ana(), Some(session), NOW));
    run.abort();
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_made_up_for() {
    let node = Node::new();
    let run = tokio::spawn(node.feed.clone().run());
    let mut stream = node.stream(None);
    stream.next().await;
    node.memory.tables().down = true;
    node.memory.commit(&ana());
    node.memory.commit(&ana());
    assert!(timeout(Duration::from_mins(10), stream.next()).await.is_err());
    node.memory.tables().down = false;
    let began = Instant::now();

    let versions = [stream.next().await, stream.next().await];

    assert!(versions.iter().all(|item| matches!(item, Item::Change(_))));
    assert!(began.elapsed() < BOUND);
    run.abort();
}

#[tokio::test]
async fn endings_of_the_last_day_are_known_before_the_first_request() {
    let node = Node::new();
    let session = SessionId::draw();
    node.memory.end(ending(Some(session), EndingCode::SessionRevoked));
    node.clock.advance(Duration::from_hours(23));

    node.feed.load().await.unwrap();

    assert!(node.feed.refuses(&ana(), Some(session), NOW));
}

#[tokio::test(start_paused = true)]
async fn r07_on_another_history_everybody_is_shown_what_it_holds() {
    let node = Node::new();
    let run = tokio::spawn(node.feed.clone().run());
    let mut stream = node.stream(None);
    stream.next().await;
    // Long after the last change, which no scan looks at any more.
    node.clock.advance(Duration::from_mins(1));
    assert!(timeout(2 * BOUND, stream.next()).await.is_err());

    node.memory.redraw();

    let item = timeout(BOUND, stream.next()).await.unwrap();
    let Item::Snapshot { reason, user } = item else { panic!("{item:?}") };
    assert_eq!((reason, user.cursor), (Reason::Epoch, node.memory.cursor()));
    run.abort();
}

#[tokio::test]
async fn more_endings_than_are_read_at_once_are_all_obeyed() {
    let node = Node::new();
    let sessions: Vec<_> = (0..12_000).map(|_| SessionId::draw()).collect();
    for (number, session) in (0..).zip(&sessions) {
        // Of some instants there are many, and of one more than a page holds.
        let at = NOW.after(Duration::from_secs(if number < 6_000 { 0 } else { number }));
        let ending = ending(Some(*session), EndingCode::SessionRevoked);
        node.memory.end(Ending { at, ..ending });
    }

    node.feed.load().await.unwrap();

    let refused = |session: &&SessionId| node.feed.refuses(&ana(), Some(**session), NOW);
    assert_eq!(sessions.iter().filter(refused).count(), sessions.len());
}
