//! Forgotten and changed passwords, and the end of an account by its owner.

use super::{Database, Store};
use crate::model::{By, Digest, Languages, Micros, UserRef};
use crate::store::{
    Hash, NewPassword, NewReset, Proved, Reset, ResetState, StoreError, postgres, sqlite,
};

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// What a user's password was hashed with, where it has one.
    pub async fn password_salt(&self, user: UserRef) -> Result<Option<[u8; 16]>, StoreError> {
        on_either!(self.read, users::salt(user))
    }

    /// Keeps a wish for a new password, and queues its letter.
    pub async fn ask_reset(&self, new: NewReset) -> Result<(), StoreError> {
        on_either!(self.write, passwords::ask(new))
    }

    /// Where a password reset's link stands. Changes nothing.
    pub async fn show_reset(
        &self,
        digest: Digest,
        now: Micros,
    ) -> Result<Option<Reset>, StoreError> {
        on_either!(self.read, passwords::show(digest, now))
    }

    /// Spends a password reset's link where it is pending, and ends all sessions; what it was
    /// before, `None` where it is unknown.
    pub async fn reset_password(
        &self,
        digest: Digest,
        password: Hash,
        languages: Languages,
        by: By,
        now: Micros,
    ) -> Result<Option<ResetState>, StoreError> {
        on_either!(self.write, passwords::reset(digest, password, languages, by, now))
    }

    /// Changes a password, and ends all sessions but one.
    pub async fn change_password(&self, new: NewPassword) -> Result<Proved, StoreError> {
        on_either!(self.write, passwords::change(new))
    }

    /// Removes a user who wants to leave.
    pub async fn leave(
        &self,
        user: UserRef,
        present: Hash,
        languages: Languages,
        by: By,
        now: Micros,
    ) -> Result<Proved, StoreError> {
        on_either!(self.write, passwords::leave(user, present, languages, by, now))
    }
}
