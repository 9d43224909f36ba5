//! What an application's backend does to its users.

use super::{Database, Store};
use crate::model::{By, EmailAddress, Micros, Precondition, TenantName, User, UserId, UserRef};
use crate::store::{Deleted, Issued, Put, PutUser, StoreError, WantedLink, postgres, sqlite};

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Makes a user what its backend says, in one version or none.
    pub async fn put_user(&self, new: PutUser) -> Result<Put, StoreError> {
        on_either!(self.write, put::put(new))
    }

    /// Makes a link and a code for a user, and mails them where wanted.
    pub async fn issue_link(&self, wanted: WantedLink) -> Result<Issued, StoreError> {
        on_either!(self.write, issue::issue(wanted))
    }

    /// Removes a user and all that hangs on it.
    pub async fn delete_user(
        &self,
        user: UserRef,
        precondition: Precondition,
        by: By,
        now: Micros,
    ) -> Result<Deleted, StoreError> {
        on_either!(self.write, backend::delete(user, precondition, by, now))
    }

    /// A tenant's users in the order of their ids, or those who name an address.
    pub async fn users(
        &self,
        tenant: TenantName,
        email: Option<EmailAddress>,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<User>, StoreError> {
        on_either!(self.read, backend::list(tenant, email, after, limit))
    }

    /// Ends a user's connections; whether there is such a user.
    pub async fn disconnect(&self, user: UserRef, by: By, now: Micros) -> Result<bool, StoreError> {
        on_either!(self.write, backend::disconnect(user, by, now))
    }
}
