//! The mail queue.

use super::{Database, Store};
use crate::model::Micros;
use crate::store::{QueuedLetter, StoreError, postgres, sqlite};
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
    ) -> Result<Vec<QueuedLetter>, StoreError> {
        on_either!(self.write, letters::claim(now, lease, limit))
    }

    /// Takes a letter off the queue.
    pub async fn remove_letter(&self, id: Uuid) -> Result<(), StoreError> {
        on_either!(self.write, letters::remove(id))
    }

    /// Puts a letter off until later.
    pub async fn put_off_letter(&self, id: Uuid, until: Micros) -> Result<(), StoreError> {
        on_either!(self.write, letters::put_off(id, until))
    }
}
