use super::wire::{self, Reason};
use crate::model::{Change, Cursor};
use bytes::Bytes;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A change on its way to everybody who listens for it.
///
/// Shared by all streams and polls of its user, and encoded once for each: by the first that writes it,
/// not by the publisher, which on SQLite is the thread that commits for everybody.
#[derive(Debug)]
pub struct Frame {
    change: Change,
    published: Option<Instant>,
    event: OnceLock<Option<Bytes>>,
    answer: OnceLock<Option<Bytes>>,
    /// Streams that have not written it yet.
    left: AtomicUsize,
}

impl Frame {
    /// A change that was committed just now, on its way to so many streams.
    pub(super) fn live(change: Change, streams: usize) -> Self {
        Self::new(change, Some(Instant::now()), streams)
    }

    /// A change from the log, for one reader who missed it.
    pub(super) fn replayed(change: Change) -> Self {
        Self::new(change, None, 0)
    }

    fn new(change: Change, published: Option<Instant>, streams: usize) -> Self {
        let (event, answer, left) = (OnceLock::new(), OnceLock::new(), AtomicUsize::new(streams));
        Self { change, published, event, answer, left }
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

    /// Says that a stream has written it; whether it was the last of those that were open at the
    /// commit. Where one of them ended or read the row instead, none is the last.
    pub fn written(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) == Ok(1)
    }

    /// The event as a stream carries it. A change that cannot be an event (somebody wrote a type
    /// with a line break into the table) is shown as a snapshot; `None` where that fails too.
    pub fn event(&self) -> Option<Bytes> {
        self.event.get_or_init(|| self.encode()).clone()
    }

    /// What a poll is answered that missed this change alone; `None` where it cannot be written.
    pub fn answer(&self) -> Option<Bytes> {
        let encode = || wire::news(&self.change.user, Some(&[&self.change]));
        self.answer.get_or_init(|| encode().inspect_err(tell).ok()).clone()
    }

    fn encode(&self) -> Option<Bytes> {
        wire::change(&self.change)
            .or_else(|error| {
                tracing::error!(%error, cursor = %self.change.cursor, "change shown as a snapshot");
                wire::snapshot(Reason::Gap, &self.change.user)
            })
            .inspect_err(tell)
            .ok()
    }
}

pub(super) fn tell(error: &wire::Unwritable) {
    tracing::error!(%error, "a user's document cannot be written");
}
