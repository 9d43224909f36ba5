//! Many listeners of one user, woken together.

use super::memory::{Node, listener};
use crate::feed::{Item, Limits, Subscription, Transport};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::task::{LocalSet, yield_now};
use tokio::time::timeout;

/// Has 20 listeners wait on this thread while a change is published on another; whether all heard.
async fn all_hear(node: &Node) -> bool {
    let mut streams: Vec<_> =
        (0..20).map(|_| node.feed.join(listener(None), Transport::Stream, None).unwrap()).collect();
    join_all(streams.iter_mut().map(Subscription::next)).await;
    let hear = async |stream: &mut Subscription| matches!(stream.next().await, Item::Change(_));
    let publisher = node.clone();
    let publish = async move {
        // After all wait: what is found without waiting needs nobody to wake it.
        yield_now().await;
        std::thread::spawn(move || publisher.change()).join().unwrap();
    };

    let heard = async { tokio::join!(join_all(streams.iter_mut().map(hear)), publish).0 };
    timeout(Duration::from_secs(10), heard)
        .await
        .is_ok_and(|heard| heard.iter().all(|heard| *heard))
}

#[tokio::test]
async fn a_change_wakes_everybody_of_a_thread_at_once() {
    let node = Node::with(Limits { streams_per_user: 100, ..Limits::default() });
    let local = LocalSet::new();
    local.spawn_local(node.feed.wake_together());

    assert!(local.run_until(all_hear(&node)).await);
}

#[tokio::test]
async fn without_anybody_to_tell_them_they_are_woken_one_by_one() {
    let node = Node::with(Limits { streams_per_user: 100, ..Limits::default() });
    drop(node.feed.wake_together());

    assert!(all_hear(&node).await);
}
