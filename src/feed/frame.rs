use super::wire::{self, Reason};
use crate::model::{Change, Cursor};
use bytes::Bytes;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A change on its way to everybody who listens for it.
///
/// Shared by all streams of its user, and encoded once: by the first stream that writes it, not by
/// the publisher, which on SQLite is the thread that commits for everybody.
#[derive(Debug)]
pub struct Frame {
    change: Change,
    published: Option<Instant>,
    encoded: OnceLock<Option<Bytes>>,
}

impl Frame {
    /// A change that was committed just now.
    pub(super) fn live(change: Change) -> Self {
        Self { change, published: Some(Instant::now()), encoded: OnceLock::new() }
    }

    /// A change from the log, for one reader who missed it.
    pub(super) fn replayed(change: Change) -> Self {
        Self { change, published: None, encoded: OnceLock::new() }
    }

    /// The change.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The version it made.
    pub fn cursor(&self) -> Cursor {
        self.change.cursor
    }

    /// How long ago it was committed; `None` for one from the log.
    pub fn age(&self) -> Option<Duration> {
        self.published.map(|published| published.elapsed())
    }

    /// The event as a stream carries it. A change that cannot be an event (somebody wrote a type
    /// with a line break into the table) is shown as a snapshot; `None` where that fails too.
    pub fn event(&self) -> Option<Bytes> {
        self.encoded.get_or_init(|| self.encode()).clone()
    }

    fn encode(&self) -> Option<Bytes> {
        wire::change(&self.change)
            .or_else(|error| {
                tracing::error!(%error, cursor = %self.change.cursor, "change shown as a snapshot");
                wire::snapshot(Reason::Gap, &self.change.user)
            })
            .inspect_err(|error| tracing::error!(%error, "a user's document cannot be written"))
            .ok()
    }
}
