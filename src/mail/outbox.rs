use crate::model::{EmailAddress, Micros, TenantName};
use futures_util::future::BoxFuture;
use std::time::Duration;
use uuid::Uuid;

/// The queue of letters cannot be read or written now; what was asked may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue of letters cannot be reached now")]
pub struct OutboxUnavailable;

/// What a letter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// Here is a link and a code; prove that you read this address.
    Verify,
    /// Somebody tried to sign up with your verified address, and nothing changed. Holds no link.
    AddressTaken,
}

/// A queued letter: whom to write to and about what, and nothing secret.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its id, and what its Message-ID is made of: the same at every try, so that a mail program
    /// can tell a repetition.
    pub id: Uuid,
    /// What it says.
    pub kind: LetterKind,
    /// Whose user it is about.
    pub tenant: TenantName,
    /// The one recipient.
    pub to: EmailAddress,
    /// The verification that its link and code are derived from; none for
    /// [`LetterKind::AddressTaken`].
    pub verification: Option<Uuid>,
    /// When it was queued. The code counts from here, and the worker gives up a day later.
    pub made_at: Micros,
    /// Until when the link works; a letter is not sent beyond it.
    pub expires_at: Option<Micros>,
    /// How often it has been put off so far: 0 at the first try.
    pub attempts: i32,
}

/// What the mail worker reads and writes: the queue of letters, kept in the database.
///
/// A claimed letter is leased: no other claim, on any node, returns it until the lease is over or
/// one of the other calls settles it. Each call about a letter that is gone succeeds and does
/// nothing.
pub trait Outbox: Send + Sync + 'static {
    /// Leases up to `limit` letters that are due at `now`, those due longest first, until `now`
    /// and `lease`.
    fn claim(
        &self,
        now: Micros,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Letter>, OutboxUnavailable>>;

    /// Takes a delivered letter off the queue.
    fn sent(&self, id: Uuid) -> BoxFuture<'static, Result<(), OutboxUnavailable>>;

    /// Counts a failed try, ends the lease, and makes the letter due again at `until`.
    fn put_off(&self, id: Uuid, until: Micros)
    -> BoxFuture<'static, Result<(), OutboxUnavailable>>;

    /// Takes off the queue a letter that will never be delivered.
    fn give_up(&self, id: Uuid) -> BoxFuture<'static, Result<(), OutboxUnavailable>>;
}
