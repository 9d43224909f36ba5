//! Links and codes.

use super::{Database, Store};
use crate::model::{By, Digest, Languages, Micros, UserRef};
use crate::store::{
    Confirmed, Denied, Hash, Link, NewLink, Resent, StoreError, Tried, postgres, sqlite,
};
use uuid::Uuid;

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Where a link stands. Changes nothing.
    pub async fn link(&self, digest: Digest, now: Micros) -> Result<Option<Link>, StoreError> {
        on_either!(self.read, links::show(digest, now))
    }

    /// Spends a link: of two at once, one verifies.
    pub async fn confirm(
        &self,
        digest: Digest,
        password: Option<Hash>,
        now: Micros,
    ) -> Result<Confirmed, StoreError> {
        on_either!(self.write, confirm::by_link(digest, password, now))
    }

    /// The verifications whose codes are good for the user now.
    pub async fn open_codes(&self, user: UserRef, now: Micros) -> Result<Vec<Uuid>, StoreError> {
        on_either!(self.read, codes::open(user, now))
    }

    /// Counts a try of a code, and says what came of it.
    pub async fn try_code(
        &self,
        user: UserRef,
        matched: Option<Uuid>,
        now: Micros,
    ) -> Result<Tried, StoreError> {
        on_either!(self.write, codes::attempt(user, matched, now))
    }

    /// Removes the unverified account a link was mailed for.
    pub async fn deny(&self, digest: Digest, by: By, now: Micros) -> Result<Denied, StoreError> {
        on_either!(self.write, deny::by_link(digest, by, now))
    }

    /// Queues another verification mail within the throttle.
    pub async fn resend(
        &self,
        user: UserRef,
        link: NewLink,
        languages: Languages,
        now: Micros,
    ) -> Result<Resent, StoreError> {
        on_either!(self.write, resend::again(user, link, languages, now))
    }
}
