//! What one listener sees, whatever comes in between.

use super::memory::{Node, ana, listener};
use crate::feed::{Item, Limits, Refused, Subscription, Transport};
use crate::model::{Cursor, Epoch, Version};
use futures_util::FutureExt;
use std::time::Duration;
use tokio::time::Instant;

/// An item in one word.
fn told(item: &Item) -> String {
    match item {
        Item::Snapshot { reason, user } => format!("{reason:?} {}", user.cursor.version.0),
        Item::Change(frame) => format!("Change {}", frame.cursor().version.0),
        other => format!("{other:?}"),
    }
}

/// Everything that comes without waiting.
fn now(subscription: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| subscription.next().now_or_never()).map(|item| told(&item)).collect()
}

fn at(node: &Node, version: i64) -> Cursor {
    Cursor { epoch: node.memory.cursor().epoch, version: Version(version) }
}

#[test]
fn a_listener_without_a_cursor_gets_the_state_and_then_each_change() {
    let node = Node::new();
    let mut ana = node.stream(None);

    assert_eq!(now(&mut ana), ["Connected 1"]);
    node.change();
    node.change();
    assert_eq!(now(&mut ana), ["Change 2", "Change 3"]);
}

#[test]
fn nothing_is_read_before_the_first_item_is_asked_for() {
    let node = Node::new();

    let mut ana = node.stream(None);

    assert_eq!(node.memory.tables().reads, 0);
    now(&mut ana);
    node.change();
    now(&mut ana);
    assert_eq!(node.memory.tables().reads, 1, "a change is read from the hub");
}

#[test]
fn a_listener_resumes_where_it_left_off() {
    let node = Node::new();
    node.change();
    node.change();
    node.change();

    assert_eq!(now(&mut node.stream(Some(at(&node, 4)))), ["Current"]);
    assert_eq!(now(&mut node.stream(Some(at(&node, 2)))), ["Change 3", "Change 4"]);
    node.memory.tables().kept = 1;
    node.change();
    assert_eq!(now(&mut node.stream(Some(at(&node, 2)))), ["Gap 5"]);
}

#[test]
fn a_cursor_of_another_history_gets_the_state() {
    let node = Node::new();
    let elsewhere = Cursor { epoch: Epoch::of("other", "0"), version: Version(1) };

    assert_eq!(now(&mut node.stream(Some(elsewhere))), ["Epoch 1"]);
}

#[test]
fn a_cursor_ahead_of_the_row_makes_it_another_history() {
    let node = Node::new();
    let (before, ahead) = (node.memory.cursor(), at(&node, 9));
    let mut other = node.stream(None);
    assert_eq!(now(&mut other), ["Connected 1"]);

    assert_eq!(now(&mut node.stream(Some(ahead))), ["Epoch 1"]);

    assert_ne!(node.memory.cursor().epoch, before.epoch);
    node.feed.catch_up_queued();
    assert_eq!(now(&mut other), ["Epoch 1"], "who was there learns of it too");
}

#[test]
fn r14_a_commit_between_subscribe_and_read_is_shown_once() {
    for published_first in [true, false] {
        let node = Node::new();
        let mut ana = node.stream(None);
        let inside = node.clone();
        let hook = move || {
            inside.change();
        };
        if published_first {
            node.memory.tables().before_read = Some(Box::new(hook));
            assert_eq!(now(&mut ana), ["Connected 2"]);
        } else {
            node.memory.tables().after_read = Some(Box::new(hook));
            assert_eq!(now(&mut ana), ["Connected 1", "Change 2"]);
        }
        node.change();
        assert_eq!(now(&mut ana), ["Change 3"]);
    }
}

#[test]
fn r14_a_listener_that_reads_late_is_not_left_behind_by_one_that_read_early() {
    let node = Node::new();
    let (mut slow, mut fast) = (node.stream(None), node.stream(None));
    let inside = node.clone();
    // While the slow one holds an old row, a change is committed, and the fast one reads it before
    // it is published; the hub then takes the publication for old.
    node.memory.tables().after_read = Some(Box::new(move || {
        let change = inside.memory.commit(&ana());
        assert_eq!(now(&mut fast), ["Connected 2"]);
        inside.feed.changed(&ana(), change);
    }));

    assert_eq!(now(&mut slow), ["Connected 1", "Change 2"]);
}

#[test]
fn a_listener_that_lags_gets_the_state_and_never_goes_back() {
    let node = Node::new();
    let mut ana = node.stream(None);
    assert_eq!(now(&mut ana), ["Connected 1"]);
    (0..40).for_each(|_| drop(node.change()));

    assert_eq!(now(&mut ana), ["Gap 41"], "the sixteen that are left are older");
    node.change();
    assert_eq!(now(&mut ana), ["Change 42"]);
}

#[test]
fn a_lagging_poll_gets_the_changes_where_the_log_has_them() {
    let node = Node::new();
    let mut poll = node.feed.join(listener(None), Transport::Poll, Some(at(&node, 1))).unwrap();
    assert_eq!(now(&mut poll), ["Current"]);
    (0..40).for_each(|_| drop(node.change()));

    assert_eq!(now(&mut poll).len(), 40);
}

#[test]
fn publications_out_of_order_twice_or_with_a_hole_are_put_right() {
    let node = Node::new();
    let (mut one, mut two) = (node.stream(None), node.stream(None));
    assert_eq!(
        (now(&mut one), now(&mut two)),
        (vec!["Connected 1".into()], vec!["Connected 1".into()])
    );
    let changes: Vec<_> = (0..4).map(|_| node.memory.commit(&ana())).collect();
    let reads = node.memory.tables().reads;

    for which in [1, 0, 0, 3, 1] {
        node.feed.changed(&ana(), changes[which].clone());
    }
    node.feed.catch_up_queued();

    let all = ["Change 2", "Change 3", "Change 4", "Change 5"];
    assert_eq!(
        (now(&mut one), now(&mut two)),
        (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec())
    );
    assert_eq!(node.memory.tables().reads - reads, 1, "the log is read once for all");
}

#[test]
fn a_hole_beyond_the_log_becomes_a_snapshot_for_all() {
    let node = Node::new();
    let mut ana_listens = node.stream(None);
    now(&mut ana_listens);
    node.memory.tables().kept = 1;
    node.memory.commit(&ana());
    node.memory.commit(&ana());

    node.change();
    node.feed.catch_up_queued();

    assert_eq!(now(&mut ana_listens), ["Gap 4"]);
    node.change();
    assert_eq!(now(&mut ana_listens), ["Change 5"]);
}

#[test]
fn an_unreadable_row_is_told_at_first_and_read_again_when_asked() {
    let node = Node::new();
    node.memory.tables().down = true;
    let mut ana = node.stream(None);

    assert_eq!(ana.next().now_or_never().map(|item| told(&item)), Some("Unavailable".into()));
    node.memory.tables().down = false;
    assert_eq!(now(&mut ana), ["Connected 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_lags_while_the_database_is_away_waits_for_it() {
    let node = Node::new();
    let mut ana = node.stream(None);
    assert_eq!(now(&mut ana), ["Connected 1"]);
    (0..40).for_each(|_| drop(node.change()));
    node.memory.tables().down = true;
    let began = Instant::now();
    let back = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        node.memory.tables().down = false;
    };

    let (item, ()) = tokio::join!(ana.next(), back);

    assert_eq!(told(&item), "Gap 41");
    assert!(began.elapsed() < Duration::from_secs(62));
}

#[test]
fn nobody_hears_of_somebody_else() {
    let node = Node::new();
    node.memory.make(&super::memory::user("bob"));
    let mut ana = node.stream(None);
    now(&mut ana);

    let change = node.memory.commit(&super::memory::user("bob"));
    node.feed.changed(&super::memory::user("bob"), change);

    assert_eq!(now(&mut ana), [""; 0]);
}

#[test]
fn a_user_who_is_not_there_is_gone() {
    let node = Node::new();
    node.memory.delete(&ana());

    assert_eq!(now_one(&mut node.stream(None)), "Gone");
}

#[test]
fn the_twenty_first_stream_ends_the_oldest_and_no_other() {
    let node = Node::new();
    let mut streams: Vec<_> = (0..22).map(|_| node.stream(None)).collect();

    let told: Vec<_> = streams.iter_mut().map(now_one).collect();

    assert_eq!(told[..2], ["Ended(TooManyStreams)", "Ended(TooManyStreams)"]);
    assert!(told[2..].iter().all(|told| told == "Connected 1"));
    assert_eq!(node.feed.connections(&ana()).streams, 20);
}

#[test]
fn the_twenty_first_poll_may_not_park_until_one_leaves() {
    let node = Node::new();
    let poll = || node.feed.join(listener(None), Transport::Poll, None).unwrap();
    let mut parked: Vec<_> = (0..20).map(|_| poll()).collect();
    assert!(parked.iter_mut().all(|poll| poll.park().is_ok()));

    let mut one_more = poll();

    assert!(one_more.park().is_err());
    parked.pop();
    assert!(one_more.park().is_ok());
}

#[test]
fn a_full_node_takes_nobody_until_somebody_leaves() {
    let node = Node::with(Limits { connections: 1, ..Limits::default() });
    let first = node.stream(None);
    let join = || node.feed.join(listener(None), Transport::Poll, None);

    assert_eq!(join().err(), Some(Refused::Overloaded));
    drop(first);
    assert!(join().is_ok());
}

#[test]
fn i12_nothing_is_left_when_all_have_gone() {
    let node = Node::new();
    let mut listeners: Vec<_> = (0..20).map(|_| node.stream(None)).collect();
    for listener in &mut listeners {
        now(listener);
    }
    node.memory.commit(&ana());
    node.change();
    assert_eq!(node.feed.hub.users(), 1);

    drop(listeners);

    assert_eq!(node.feed.hub.users(), 0);
    node.feed.catch_up_queued();
    node.change();
    assert_eq!(node.feed.hub.users(), 0);
    assert!(node.feed.hub.take_place(1), "every place was given back");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_listener_is_woken_from_a_plain_thread() {
    let node = Node::new();
    let mut ana = node.stream(None);
    ana.next().await;
    let publisher = node.clone();

    let waiting = tokio::spawn(async move { told(&ana.next().await) });
    tokio::task::yield_now().await;
    std::thread::spawn(move || publisher.change()).join().unwrap();

    assert_eq!(waiting.await.unwrap(), "Change 2");
}

#[test]
fn a_draining_node_tells_who_is_there_once_and_takes_no_more_streams() {
    let node = Node::new();
    let mut ana = node.stream(None);
    now(&mut ana);

    node.feed.drain(Duration::from_secs(10));

    assert_eq!(now(&mut ana), ["Draining(10s)"]);
    node.change();
    assert_eq!(now(&mut ana), ["Change 2"], "until it goes, it is told all");
    let refused = node.feed.join(listener(None), Transport::Stream, None).err();
    assert_eq!(refused, Some(Refused::Draining));
    assert!(node.feed.join(listener(None), Transport::Poll, None).is_ok());
}

fn now_one(subscription: &mut Subscription) -> String {
    subscription.next().now_or_never().map(|item| told(&item)).unwrap_or_default()
}
