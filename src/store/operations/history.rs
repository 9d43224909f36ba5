//! Changes: published, replayed, and reconciled.

use super::{Database, Store};
use crate::model::{Cursor, Ending, Micros, UserRef};
use crate::store::{NewEvent, Page, Published, Since, StoreError, postgres, sqlite};

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// The user's state and what it missed since `after`.
    pub async fn since(
        &self,
        user: UserRef,
        after: Option<Cursor>,
    ) -> Result<Option<Since>, StoreError> {
        on_either!(self.glance, changes::since(user, after))
    }

    /// A page of the user's history.
    pub async fn history(
        &self,
        user: UserRef,
        after: Option<Cursor>,
        limit: i64,
    ) -> Result<Option<Page>, StoreError> {
        on_either!(self.read, changes::page(user, after, limit))
    }

    /// Draws the user's epoch again where `ahead` is ahead of its row.
    pub async fn redraw_epoch(&self, user: UserRef, ahead: Cursor) -> Result<(), StoreError> {
        on_either!(self.write, users::redraw(user, ahead))
    }

    /// Who changed at or after `since`, `limit` at most.
    pub async fn changed_since(
        &self,
        since: Micros,
        limit: i64,
    ) -> Result<Vec<(UserRef, Cursor)>, StoreError> {
        on_either!(self.read, changes::changed_since(since, limit))
    }

    /// The first `limit` things that ended at or after `since`.
    pub async fn endings_since(
        &self,
        since: Micros,
        limit: i64,
    ) -> Result<Vec<Ending>, StoreError> {
        on_either!(self.read, changes::endings_since(since, limit))
    }

    /// Records a change that a backend publishes, once where it comes with a key.
    pub async fn publish(&self, event: NewEvent, now: Micros) -> Result<Published, StoreError> {
        on_either!(self.write, publish::publish(event, now))
    }

    /// Records changes that a backend publishes together, each on its own account; what came of
    /// each, in the order given.
    pub async fn publish_all(
        &self,
        events: Vec<NewEvent>,
        now: Micros,
    ) -> Result<Vec<Published>, StoreError> {
        on_either!(self.write, publish::publish_all(events, now))
    }
}
