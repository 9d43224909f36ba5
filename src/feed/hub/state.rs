use super::member::Members;
use super::pace::Pace;
use crate::feed::Whole;
use crate::model::Cursor;
use std::sync::Arc;

/// What a channel knows.
#[derive(Default)]
pub(super) struct State {
    /// The newest version that was broadcast, or that a member has read; `None` until the first.
    pub sent: Option<Cursor>,
    /// The newest version that was heard of.
    pub heard: Option<Cursor>,
    pub reading: Reading,
    /// How often the members are woken.
    pub pace: Pace,
    /// How many members are parked polls.
    pub parked: usize,
    /// The document at `sent`, for polls that come without a cursor; only while the channel lingers.
    pub present: Option<Arc<Whole>>,
    /// Whether the channel is kept for the next poll.
    pub lingers: bool,
    pub members: Members,
}

/// Where the user is in the queue of those whose log must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reading {
    #[default]
    Idle,
    Queued,
    UnderWay,
    /// Something more was heard of while the log was being read.
    Again,
}

impl State {
    /// Takes note of a version that was heard of, should it be news.
    pub fn hear(&mut self, cursor: Cursor) {
        if self.heard.is_none_or(|heard| !is_covered(cursor, heard)) {
            self.heard = Some(cursor);
        }
    }
}

/// Whether `cursor` is the version right after `sent`.
pub(in crate::feed) fn follows(cursor: Cursor, sent: Cursor) -> bool {
    cursor.epoch == sent.epoch && cursor.version == sent.version.next()
}

/// Whether who has seen `sent` has seen `cursor`.
pub(super) fn is_covered(cursor: Cursor, sent: Cursor) -> bool {
    cursor.epoch == sent.epoch && cursor.version <= sent.version
}
