//! Accounts, sessions, and what they are held to.

use super::{Database, Store};
use crate::model::{By, Digest, Ending, Micros, SessionId, TenantName, User, UserRef};
use crate::store::{
    Allowed, Candidate, FirstSight, NewSession, Refreshed, Session, SignUp, StoreError, Ticket,
    postgres, sqlite,
};
use std::time::Duration;

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Makes an account that waits for its click.
    pub async fn sign_up(&self, new: SignUp) -> Result<UserRef, StoreError> {
        on_either!(self.write, sign_up::sign_up(new))
    }

    /// The salt of an address's passwords, where the address is known.
    pub async fn salt(
        &self,
        tenant: TenantName,
        address: String,
    ) -> Result<Option<[u8; 16]>, StoreError> {
        on_either!(self.read, addresses::salt(tenant, address))
    }

    /// The accounts that a log-in with this address may mean.
    pub async fn candidates(
        &self,
        tenant: String,
        address: String,
    ) -> Result<Vec<Candidate>, StoreError> {
        on_either!(self.read, sessions::candidates(tenant, address))
    }

    /// Opens a session; `None` where the account went or changed its password meanwhile.
    pub async fn open_session(&self, new: NewSession) -> Result<Option<User>, StoreError> {
        on_either!(self.write, sessions::open(new))
    }

    /// The live session of a cookie.
    pub async fn session(
        &self,
        cookie: Digest,
        now: Micros,
    ) -> Result<Option<Session>, StoreError> {
        on_either!(self.glance, sessions::by_cookie(cookie, now))
    }

    /// Puts a session's end off, because it was used.
    pub async fn touch(
        &self,
        id: SessionId,
        user: UserRef,
        now: Micros,
        end: Micros,
    ) -> Result<(), StoreError> {
        on_either!(self.write, sessions::touch(id, user, now, end))
    }

    /// Spends a refresh token, or with `None` reads the current one for the cookie's holder.
    pub async fn refresh(
        &self,
        id: SessionId,
        generation: Option<i64>,
        now: Micros,
        end: Micros,
    ) -> Result<Refreshed, StoreError> {
        on_either!(self.write, sessions::refresh(id, generation, now, end))
    }

    /// The user's live sessions, newest first.
    pub async fn sessions(&self, user: UserRef, now: Micros) -> Result<Vec<Session>, StoreError> {
        on_either!(self.read, sessions::list(user, now))
    }

    /// Ends a session or all; whether there was anything to end.
    pub async fn end(&self, ending: Ending, by: By) -> Result<bool, StoreError> {
        on_either!(self.write, sessions::end_by(ending, by))
    }

    /// The user's document.
    pub async fn user(&self, user: UserRef) -> Result<Option<User>, StoreError> {
        on_either!(self.glance, users::document(user))
    }

    /// Makes a user whom an issuer or the command line names, unless it is there.
    pub async fn first_sight(&self, sight: FirstSight) -> Result<User, StoreError> {
        on_either!(self.write, users::first_sight(sight))
    }

    /// Keeps a stream ticket by its digest.
    pub async fn add_ticket(&self, digest: Digest, ticket: Ticket) -> Result<(), StoreError> {
        on_either!(self.write, tickets::add(digest, ticket))
    }

    /// Spends a stream ticket.
    pub async fn spend_ticket(
        &self,
        digest: Digest,
        now: Micros,
    ) -> Result<Option<Ticket>, StoreError> {
        on_either!(self.write, tickets::spend(digest, now))
    }

    /// Takes one from each named limit, or none where one is used up.
    pub async fn take(
        &self,
        limits: Vec<(String, u32, Duration)>,
        now: Micros,
    ) -> Result<Allowed, StoreError> {
        on_either!(self.write, limits::take(limits, now))
    }
}
