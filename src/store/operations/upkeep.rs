//! What operators and the process itself need.

use super::{Database, Store};
use crate::model::{By, Micros};
use crate::store::{ApiKey, Moment, StoreError, postgres, sqlite};

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Keeps an API key, and makes its tenant.
    pub async fn add_key(&self, key: ApiKey, by: By) -> Result<(), StoreError> {
        on_either!(self.write, keys::add(key, by))
    }

    /// The API key with this id, unless revoked.
    pub async fn key(&self, id: String) -> Result<Option<ApiKey>, StoreError> {
        on_either!(self.glance, keys::find(id))
    }

    /// All API keys, oldest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        on_either!(self.read, keys::list())
    }

    /// Revokes an API key; whether it was in use.
    pub async fn revoke_key(&self, id: String, by: By, now: Micros) -> Result<bool, StoreError> {
        on_either!(self.write, keys::revoke(id, by, now))
    }

    /// Writes down that an API key was used.
    pub async fn touch_key(&self, id: String, now: Micros) -> Result<(), StoreError> {
        on_either!(self.write, keys::touch(id, now))
    }

    /// Removes a step's worth of what has had its time; whether there may be more.
    pub async fn prune(&self, now: Micros) -> Result<bool, StoreError> {
        on_either!(self.write, prune::step(now))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_either!(self.read, meta::ping())
    }

    /// What time the database has, and which history it is on.
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        match &*self.0 {
            Database::Sqlite(database) => Ok(database.moment()),
            Database::Postgres(database) => database.moment().await,
        }
    }

    /// Whether the [`Hook`](crate::store::Hook) has been told of all that can be read by now; `false`
    /// where others write too.
    pub fn is_told(&self) -> bool {
        match &*self.0 {
            Database::Sqlite(database) => database.is_told(),
            Database::Postgres(_) => false,
        }
    }

    /// Draws the database's epoch again, after a backup was restored. Open stores keep the old one.
    pub async fn restored(&self) -> Result<(), StoreError> {
        on_either!(self.write, meta::redraw())
    }
}
