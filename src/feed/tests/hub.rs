//! The promise of the hub, against whatever order things happen in.

use super::memory::{Node, ana};
use crate::feed::hub::Channel;
use crate::feed::{Item, Subscription};
use crate::model::{Change, Cursor, Epoch, Version};
use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::HashSet;

#[derive(Debug, Clone)]
enum Act {
    /// A change is committed; its publication is still to come.
    Commit,
    /// One of the publications still to come is told, or told again.
    Publish(Index, bool),
    /// One of them is lost with its node.
    Lose(Index),
    /// Somebody begins to listen, perhaps with what an earlier one had.
    Join(Option<Index>),
    /// Somebody reads up to so many items.
    Read(Index, usize),
    /// Somebody leaves.
    Leave(Index),
    /// Another node hints at the present version.
    Hint,
    /// The log is read for those who fell behind.
    CatchUp,
    /// The database fails over, or a backup is restored.
    Redraw,
    /// The log is shortened to so many changes.
    Shorten(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => Just(Act::Commit),
        6 => (any::<Index>(), any::<bool>()).prop_map(|(which, again)| Act::Publish(which, again)),
        1 => any::<Index>().prop_map(Act::Lose),
        2 => any::<Option<Index>>().prop_map(Act::Join),
        5 => (any::<Index>(), 0..6_usize).prop_map(|(who, most)| Act::Read(who, most)),
        1 => any::<Index>().prop_map(Act::Leave),
        1 => Just(Act::Hint),
        2 => Just(Act::CatchUp),
        1 => Just(Act::Redraw),
        1 => (1..8_usize).prop_map(Act::Shorten),
    ];
    vec(act, 0..120)
}

struct Reader {
    subscription: Subscription,
    shown: Option<Cursor>,
    /// The histories it has been in; none comes back.
    past: HashSet<Epoch>,
}

impl Reader {
    fn join(node: &Node, resume: Option<Cursor>) -> Self {
        Self { subscription: node.stream(resume), shown: resume, past: HashSet::new() }
    }

    /// Reads up to `most` items, and fails where one goes back, repeats, or leaves one out.
    fn read(&mut self, most: usize) {
        for _ in 0..most {
            let Some(item) = self.subscription.next().now_or_never() else { break };
            match item {
                Item::Change(frame) => {
                    let (cursor, shown) = (frame.cursor(), self.shown.unwrap());
                    assert_eq!(cursor.epoch, shown.epoch, "a change of another history");
                    assert_eq!(cursor.version, shown.version.next(), "not the next change");
                    assert_eq!(frame.change().user.cursor, cursor);
                    self.shown = Some(cursor);
                }
                Item::Snapshot { user, .. } => {
                    let forward = self.shown.is_none_or(|shown| {
                        user.cursor.epoch != shown.epoch || user.cursor.is_ahead_of(&shown)
                    });
                    assert!(forward, "a snapshot that goes back");
                    if let Some(shown) = self.shown.filter(|it| it.epoch != user.cursor.epoch) {
                        self.past.insert(shown.epoch);
                    }
                    assert!(!self.past.contains(&user.cursor.epoch), "an old history");
                    self.shown = Some(user.cursor);
                }
                Item::Current => assert!(self.shown.is_some()),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn play(acts: Vec<Act>) {
    let node = Node::new();
    let mut pending: Vec<Change> = Vec::new();
    let mut readers: Vec<Reader> = Vec::new();
    let mut left: Vec<Cursor> = Vec::new();
    for act in acts {
        match act {
            Act::Commit => pending.push(node.memory.commit(&ana())),
            Act::Publish(which, again) if !pending.is_empty() => {
                let which = which.index(pending.len());
                let change = if again { pending[which].clone() } else { pending.remove(which) };
                node.feed.changed(&ana(), change);
            }
            Act::Lose(which) if !pending.is_empty() => {
                pending.remove(which.index(pending.len()));
            }
            Act::Join(resume) if readers.len() < 8 => {
                let resume = resume.filter(|_| !left.is_empty());
                let resume = resume.map(|which| left[which.index(left.len())]);
                readers.push(Reader::join(&node, resume));
            }
            Act::Read(who, most) if !readers.is_empty() => {
                let who = who.index(readers.len());
                readers[who].read(most);
            }
            Act::Leave(who) if !readers.is_empty() => {
                left.extend(readers.remove(who.index(readers.len())).shown);
            }
            Act::Hint => node.feed.hub.hint(&ana(), node.memory.cursor()),
            Act::CatchUp => node.feed.catch_up_queued(),
            Act::Redraw => node.memory.redraw(),
            Act::Shorten(kept) => node.memory.tables().kept = kept,
            _ => {}
        }
    }
    // The reconciler comes by; what was lost stays lost.
    node.feed.hub.hint(&ana(), node.memory.cursor());
    for reader in &mut readers {
        reader.read(usize::MAX);
    }
    node.feed.hub.hint(&ana(), node.memory.cursor());
    node.feed.catch_up_queued();
    for reader in &mut readers {
        reader.read(usize::MAX);
        assert_eq!(reader.shown, Some(node.memory.cursor()), "not at the newest");
    }
    drop(readers);
    assert_eq!(node.feed.hub.users(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn whatever_the_order_every_listener_sees_each_version_once_and_ends_at_the_newest(acts in acts()) {
        play(acts);
    }
}

/// Everybody comes and goes at once, so that channels are dropped while others open them: whoever
/// is in must hear what is published, and at the end nothing is left.
#[test]
fn nobody_is_forgotten_while_others_come_and_go() {
    let node = Node::new();
    let come_and_go = || {
        for _ in 0..2_000 {
            let mut subscription = node.stream(None);
            let Some(Item::Snapshot { user, .. }) = subscription.next().now_or_never() else {
                panic!("no snapshot")
            };
            let before = user.cursor;

            node.feed.changed(&ana(), node.memory.commit(&ana()));

            // Another thread's commit may come first, and then the log fills the hole.
            node.feed.catch_up_queued();
            let heard = subscription.newest().unwrap();
            assert!(heard.is_ahead_of(&before), "published past an open channel");
        }
    };

    std::thread::scope(|threads| (0..4).for_each(|_| drop(threads.spawn(come_and_go))));

    assert_eq!(node.feed.hub.users(), 0);
}

/// Between the last reference and the look at the map, somebody else may have opened another.
#[test]
fn a_channel_that_closes_late_leaves_its_successor_alone() {
    let node = Node::new();
    let closing = Channel::new(ana(), node.feed.hub.clone());
    let _successor = node.stream(None);

    drop(closing);

    assert_eq!(node.feed.hub.users(), 1);
}

#[test]
fn what_one_listener_reads_before_it_is_published_the_others_are_told() {
    let node = Node::new();
    let mut early = node.stream(None);
    early.next().now_or_never().unwrap();
    node.memory.commit(&ana());

    node.stream(None).next().now_or_never().unwrap();
    node.feed.catch_up_queued();

    assert!(matches!(early.next().now_or_never(), Some(Item::Change(_))));
}

#[test]
fn a_hint_that_comes_before_the_first_read_is_not_forgotten() {
    let node = Node::new();
    let mut listener = node.stream(None);
    let inside = node.clone();
    node.memory.tables().after_read = Some(Box::new(move || {
        let change = inside.memory.commit(&ana());
        inside.feed.hub.hint(&ana(), change.cursor);
    }));
    listener.next().now_or_never().unwrap();

    node.feed.catch_up_queued();

    assert!(matches!(listener.next().now_or_never(), Some(Item::Change(_))));
}

#[test]
fn a_hint_that_comes_while_the_log_is_read_has_it_read_again() {
    let node = Node::new();
    let mut listener = node.stream(None);
    listener.next().now_or_never().unwrap();
    let first = node.memory.commit(&ana());
    let inside = node.clone();
    node.memory.tables().after_read = Some(Box::new(move || {
        let second = inside.memory.commit(&ana());
        inside.feed.hub.hint(&ana(), second.cursor);
    }));

    node.feed.hub.hint(&ana(), first.cursor);
    node.feed.catch_up_queued();

    let heard = std::iter::from_fn(|| listener.next().now_or_never()).count();
    assert_eq!(heard, 2);
}

#[test]
fn r11_a_forged_hint_shows_nothing_and_is_forgotten() {
    let node = Node::new();
    let mut listener = node.stream(None);
    listener.next().now_or_never().unwrap();
    let truth = node.memory.cursor();

    node.feed.hub.hint(&ana(), Cursor { epoch: Epoch::of("forged", ""), ..truth });
    node.feed.catch_up_queued();
    node.feed.hub.hint(&ana(), Cursor { version: Version(99), ..truth });
    node.feed.catch_up_queued();

    assert!(listener.next().now_or_never().is_none());
    assert_eq!(listener.newest(), Some(truth));
}
