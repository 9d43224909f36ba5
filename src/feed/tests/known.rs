//! Polls of a node that is alone, which need not read what it knows.

use super::memory::{Node, ana, listener, user};
use crate::feed::{Item, Listener, Subscription, Transport};
use crate::model::{Change, Cursor};
use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::VecDeque;
use std::time::Duration;

fn poll(node: &Node, after: Option<Cursor>) -> Subscription {
    node.feed.join(listener(None), Transport::Poll, after).unwrap()
}

/// What a poll is answered at once: the version it ends at.
fn answered(node: &Node, after: Option<Cursor>) -> Option<Cursor> {
    let mut poll = poll(node, after);
    let mut shown = None;
    while let Some(item) = poll.next().now_or_never() {
        shown = match item {
            Item::Snapshot { user, .. } => Some(user.cursor),
            Item::Change(frame) => Some(frame.cursor()),
            Item::Current => after,
            other => panic!("{other:?}"),
        };
    }
    shown
}

fn reads(node: &Node) -> usize {
    node.memory.tables().reads
}

#[tokio::test(start_paused = true)]
async fn what_one_poll_has_read_the_next_is_told() {
    let node = Node::alone();
    let present = Some(node.memory.cursor());

    for after in [None, None, present, None] {
        assert_eq!(answered(&node, after), present);
    }

    assert_eq!(reads(&node), 1);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_comes_back_after_a_change_is_told_of_the_next() {
    let node = Node::alone();
    answered(&node, None);
    let change = node.change();
    let mut parked = poll(&node, Some(change.cursor));
    assert!(matches!(parked.next().now_or_never(), Some(Item::Current)));

    node.change();

    assert!(matches!(parked.next().now_or_never(), Some(Item::Change(_))));
    assert_eq!(reads(&node), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_and_not_yet_told_is_read() {
    let node = Node::alone();
    let before = Some(node.memory.cursor());
    answered(&node, None);

    node.memory.tables().told = false;
    let change = node.memory.commit(&ana());

    for after in [None, before] {
        assert_eq!(answered(&node, after), Some(change.cursor));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_for_longer_than_a_moment() {
    let node = Node::alone();
    answered(&node, None);
    assert_eq!(node.feed.hub.users(), 1);

    tokio::time::advance(Duration::from_secs(2)).await;
    node.feed.lingering.sweep();

    assert_eq!(node.feed.hub.users(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_many_users_those_are_kept_who_polled_last() {
    let node = Node::alone();
    for number in 0..10_050 {
        let user = user(&number.to_string());
        node.memory.make(&user);
        let listener = Listener { user, ..listener(None) };
        node.feed.join(listener, Transport::Poll, None).unwrap().next().await;
    }

    assert_eq!(node.feed.hub.users(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn where_there_are_other_nodes_every_poll_reads() {
    let node = Node::new();
    let present = Some(node.memory.cursor());

    for after in [None, present, None] {
        assert_eq!(answered(&node, after), present);
    }

    assert_eq!((reads(&node), node.feed.hub.users()), (3, 0));
}

#[derive(Debug, Clone)]
enum Act {
    Commit,
    /// The oldest change that was not told yet is told.
    Tell,
    /// Somebody polls, with nothing or what an earlier one was shown, and stays or leaves.
    Poll(Option<Index>, bool),
    /// A moment passes.
    Wait,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => Just(Act::Commit),
        4 => Just(Act::Tell),
        6 => (any::<Option<Index>>(), any::<bool>()).prop_map(|(after, stays)| Act::Poll(after, stays)),
        1 => Just(Act::Wait),
    ];
    vec(act, 0..80)
}

async fn play(acts: Vec<Act>) {
    let node = Node::alone();
    let mut pending: VecDeque<Change> = VecDeque::new();
    let mut shown = vec![node.memory.cursor()];
    let mut parked = Vec::new();
    for act in acts {
        match act {
            Act::Commit => {
                node.memory.tables().told = false;
                pending.push_back(node.memory.commit(&ana()));
            }
            Act::Tell => {
                if let Some(change) = pending.pop_front() {
                    node.feed.changed(&ana(), change);
                }
                node.memory.tables().told = pending.is_empty();
                node.feed.catch_up_queued();
            }
            Act::Poll(after, stays) => {
                let after = after.map(|which| shown[which.index(shown.len())]);
                assert_eq!(answered(&node, after), Some(node.memory.cursor()), "not the row's");
                shown.push(node.memory.cursor());
                parked.extend(stays.then(|| poll(&node, after)));
            }
            Act::Wait => {
                tokio::time::advance(Duration::from_secs(1)).await;
                parked.clear();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn whatever_is_known_a_poll_is_answered_what_the_row_says(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(acts));
    }
}
