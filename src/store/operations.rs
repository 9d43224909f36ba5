use super::postgres::{self, Postgres};
use super::rows::{
    Allowed, ApiKey, Candidate, Confirmed, Denied, FirstSight, Hash, Link, NewLink, NewSession,
    Page, Published, QueuedLetter, Refreshed, Resent, Session, SignUp, Since, Ticket, Tried,
};
use super::sqlite::{self, Sqlite};
use super::{Hook, Kept, OpenError, Reference, StoreError};
use crate::model::{
    ChangeType, Cursor, Digest, Document, Ending, Micros, SessionId, TenantName, User, UserRef,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The database, whichever it is. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Database>);

enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Runs one query on whichever database there is: a query is compiled once for each, and this is
/// the only place that knows there are two.
macro_rules! on_either {
    ($store:ident.$run:ident, $($query:ident)::+($($argument:ident),*)) => {
        match &*$store.0 {
            Database::Sqlite(database) => {
                database
                    .$run(move |tx| {
                        $(let $argument = $argument.clone();)*
                        Box::pin(sqlite::queries::$($query)::+(tx, $($argument),*))
                    })
                    .await
            }
            Database::Postgres(database) => {
                database
                    .$run(move |tx| {
                        $(let $argument = $argument.clone();)*
                        Box::pin(postgres::queries::$($query)::+(tx, $($argument),*))
                    })
                    .await
            }
        }
    };
}

impl Store {
    /// Opens or makes an SQLite file. See [`Hook`] for who is told of commits; `serving` takes the
    /// file for this process alone.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; nothing is left open.
    pub fn sqlite(
        path: &Path,
        readers: usize,
        serving: bool,
        kept: Kept,
        hook: Hook,
    ) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Database::Sqlite(Sqlite::open(path, readers, serving, kept, hook)?))))
    }

    /// Uses a PostgreSQL server, which need not answer yet: [`Self::prepare`] comes first. To be
    /// called on the multi-threaded runtime that the work will be done on.
    pub fn postgres(url: &str, kept: Kept, hook: Hook, reference: Reference) -> Self {
        Self(Arc::new(Database::Postgres(Postgres::new(url, kept, hook, reference))))
    }

    /// Brings the tables up to date, on PostgreSQL one node at a time; on SQLite opening did.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unreachable`] where the server does not answer now; may be called again.
    pub async fn prepare(&self) -> Result<(), OpenError> {
        match &*self.0 {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(database) => database.prepare().await,
        }
    }
}

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
        on_either!(self.read, sessions::by_cookie(cookie, now))
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
    pub async fn end(&self, ending: Ending) -> Result<bool, StoreError> {
        on_either!(self.write, sessions::end(ending))
    }

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
    pub async fn deny(&self, digest: Digest, now: Micros) -> Result<Denied, StoreError> {
        on_either!(self.write, deny::by_link(digest, now))
    }

    /// Queues another verification mail within the throttle.
    pub async fn resend(
        &self,
        user: UserRef,
        link: NewLink,
        now: Micros,
    ) -> Result<Resent, StoreError> {
        on_either!(self.write, resend::again(user, link, now))
    }

    /// The user's document.
    pub async fn user(&self, user: UserRef) -> Result<Option<User>, StoreError> {
        on_either!(self.read, users::document(user))
    }

    /// Makes a user whom an issuer or the command line names, unless it is there.
    pub async fn first_sight(&self, sight: FirstSight) -> Result<User, StoreError> {
        on_either!(self.write, users::first_sight(sight))
    }

    /// The user's state and what it missed since `after`.
    pub async fn since(
        &self,
        user: UserRef,
        after: Option<Cursor>,
    ) -> Result<Option<Since>, StoreError> {
        on_either!(self.read, changes::since(user, after))
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

    /// Who changed at or after `since`.
    pub async fn changed_since(&self, since: Micros) -> Result<Vec<(UserRef, Cursor)>, StoreError> {
        on_either!(self.read, changes::changed_since(since))
    }

    /// What ended at or after `since`.
    pub async fn endings_since(&self, since: Micros) -> Result<Vec<Ending>, StoreError> {
        on_either!(self.read, changes::endings_since(since))
    }

    /// Records a change that a backend publishes.
    pub async fn publish(
        &self,
        user: UserRef,
        kind: ChangeType,
        data: Document,
        now: Micros,
    ) -> Result<Published, StoreError> {
        on_either!(self.write, publish::publish(user, kind, data, now))
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

    /// Keeps an API key, and makes its tenant.
    pub async fn add_key(&self, key: ApiKey) -> Result<(), StoreError> {
        on_either!(self.write, keys::add(key))
    }

    /// The API key with this id, unless revoked.
    pub async fn key(&self, id: String) -> Result<Option<ApiKey>, StoreError> {
        on_either!(self.read, keys::find(id))
    }

    /// All API keys, oldest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        on_either!(self.read, keys::list())
    }

    /// Revokes an API key; whether it was in use.
    pub async fn revoke_key(&self, id: String, now: Micros) -> Result<bool, StoreError> {
        on_either!(self.write, keys::revoke(id, now))
    }

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

    /// Removes a step's worth of what has had its time; whether there may be more.
    pub async fn prune(&self, now: Micros) -> Result<bool, StoreError> {
        on_either!(self.write, prune::step(now))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_either!(self.read, meta::ping())
    }

    /// Draws the database's epoch again, after a backup was restored. Open stores keep the old one.
    pub async fn restored(&self) -> Result<(), StoreError> {
        on_either!(self.write, meta::redraw())
    }
}
