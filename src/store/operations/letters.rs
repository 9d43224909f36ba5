//! The mail queue.

use super::{Database, Store};
use crate::model::Micros;
use crate::store::{ClaimedLetters, Queue, QueuedLetter, StoreError, postgres, sqlite};
use std::time::Duration;
use uuid::Uuid;

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Takes due letters, and keeps other workers off them for `lease`.
    pub async fn claim_letters(
        &self,
        now: Micros,
        lease: Duration,
        limit: i64,
    ) -> Result<ClaimedLetters, StoreError> {
        on_either!(self.write, letters::claim(now, lease, limit))
    }

    /// Takes a delivered letter off the queue.
    pub async fn remove_letter(&self, id: Uuid) -> Result<(), StoreError> {
        on_either!(self.write, letters::remove(id))
    }

    /// Puts a letter off until later, because of `cause`.
    pub async fn put_off_letter(
        &self,
        id: Uuid,
        until: Micros,
        cause: String,
    ) -> Result<(), StoreError> {
        on_either!(self.write, letters::put_off(id, until, cause))
    }

    /// Gives a letter up because of `cause`; it is kept for a while.
    pub async fn give_up_letter(
        &self,
        id: Uuid,
        cause: String,
        now: Micros,
    ) -> Result<(), StoreError> {
        on_either!(self.write, letters::give_up(id, cause, now))
    }

    /// Has the given-up letters that were queued at or after `since` tried once more; how many.
    pub async fn retry_letters(&self, since: Micros, now: Micros) -> Result<usize, StoreError> {
        on_either!(self.write, letters::retry(since, now))
    }

    /// The letters that wait or were given up, oldest first, `limit` at most.
    pub async fn letters(&self, limit: i64) -> Result<Vec<QueuedLetter>, StoreError> {
        on_either!(self.read, letters::list(limit))
    }

    /// How the mail queue stands.
    pub async fn letter_queue(&self) -> Result<Queue, StoreError> {
        on_either!(self.read, letters::standing())
    }
}
