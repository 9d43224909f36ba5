use crate::model::{EmailAddress, Languages, Micros, TenantName};
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
    /// Somebody tried to sign up with your verified address, and nothing changed.
    AddressTaken,
    /// Here is a link to choose another password with.
    PasswordReset,
    /// Your password is another now.
    PasswordChanged,
    /// Your account is gone.
    AccountDeleted,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Verify,
        Self::AddressTaken,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::AccountDeleted,
    ];

    /// Its name in the queue, and that of its templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::AddressTaken => "address_taken",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::AccountDeleted => "account_deleted",
        }
    }

    /// The kind of this name; `None` where a newer version queued it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
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
    /// The verification or the password reset that its link is derived from; none for a letter
    /// that only tells of something.
    pub token_id: Option<Uuid>,
    /// What its reader prefers.
    pub languages: Languages,
    /// When it was queued. The code counts from here, and the worker gives up a day later.
    pub made_at: Micros,
    /// Until when the link works; a letter is not sent beyond it.
    pub expires_at: Option<Micros>,
    /// How often it has been put off so far: 0 at the first try.
    pub attempts: i32,
}

/// Letters that are this worker's now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Those due longest first.
    pub letters: Vec<Letter>,
    /// Whether there may be more that are due.
    pub more: bool,
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
    ) -> BoxFuture<'static, Result<Claimed, OutboxUnavailable>>;

    /// Takes a delivered letter off the queue.
    fn sent(&self, id: Uuid) -> BoxFuture<'static, Result<(), OutboxUnavailable>>;

    /// Counts a failed try, ends the lease, and makes the letter due again at `until`. `cause` is
    /// kept for an operator to see, and names nobody.
    fn put_off(
        &self,
        id: Uuid,
        until: Micros,
        cause: String,
    ) -> BoxFuture<'static, Result<(), OutboxUnavailable>>;

    /// Sets aside a letter that will not be delivered unless an operator has it tried again.
    fn give_up(
        &self,
        id: Uuid,
        cause: String,
        now: Micros,
    ) -> BoxFuture<'static, Result<(), OutboxUnavailable>>;
}
