//! Users who may not be there when they begin to listen.

use super::memory::{Node, ana};
use crate::feed::{HistoryUnavailable, Item, Subscription, Welcome};
use futures_util::FutureExt;
use std::future::ready;

/// Has Ana made, as somebody else's commit would be told of.
fn made(node: &Node) -> Welcome {
    let node = node.clone();
    Box::pin(async move {
        node.memory.make(&ana());
        node.change();
        Ok(())
    })
}

fn never() -> Welcome {
    Box::pin(async { panic!("she is there") })
}

/// The version that is shown, once and whole.
fn shown(subscription: &mut Subscription) -> Option<i64> {
    let first = subscription.next().now_or_never();
    assert!(subscription.next().now_or_never().is_none(), "nothing is shown twice");
    match first {
        Some(Item::Snapshot { user, .. }) => Some(user.cursor.version.0),
        _ => None,
    }
}

#[test]
fn who_is_there_is_looked_for_once() {
    let node = Node::new();
    let mut ana = node.stream(None).or_welcome(Some(never()));

    assert_eq!(shown(&mut ana), Some(1));
    assert_eq!(node.memory.tables().reads, 1);
}

#[test]
fn who_is_not_there_is_made_and_shown() {
    let node = Node::new();
    node.memory.delete(&ana());
    let mut ana = node.stream(None).or_welcome(Some(made(&node)));

    assert_eq!(shown(&mut ana), Some(2));
}

#[test]
fn of_two_who_meet_both_are_shown_the_same() {
    let node = Node::new();
    node.memory.delete(&ana());
    let mut laptop = node.stream(None).or_welcome(Some(made(&node)));
    let mut phone = node.stream(None).or_welcome(Some(never()));

    assert_eq!((shown(&mut laptop), shown(&mut phone)), (Some(2), Some(2)));
}

#[test]
fn where_nobody_can_be_made_the_database_is_unavailable() {
    let node = Node::new();
    node.memory.delete(&ana());
    let welcome: Welcome = Box::pin(ready(Err(HistoryUnavailable)));
    let mut ana = node.stream(None).or_welcome(Some(welcome));

    assert!(matches!(ana.next().now_or_never(), Some(Item::Unavailable)));
}
