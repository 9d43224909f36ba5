//! The promise of the hub, against whatever order things happen in.

use super::memory::{Node, ana};
use crate::feed::{Item, Subscription};
use crate::model::{Change, Cursor, Epoch};
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
