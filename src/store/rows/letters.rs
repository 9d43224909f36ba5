//! The mail queue.

use crate::model::{EmailAddress, Languages, Micros, TenantName};
use uuid::Uuid;

/// A letter that waits for the mail worker.
#[derive(Debug, Clone)]
pub struct QueuedLetter {
    /// Its id, and the base of its Message-ID.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantName,
    /// Which template.
    pub kind: String,
    /// To whom.
    pub to: EmailAddress,
    /// The verification or password reset whose link it carries.
    pub token_id: Option<Uuid>,
    /// What its reader prefers.
    pub languages: Languages,
    /// When it was queued.
    pub made_at: Micros,
    /// How often it has been put off.
    pub attempts: i64,
    /// What the last try failed with.
    pub cause: Option<String>,
    /// When it will be tried next.
    pub due_at: Micros,
    /// When it was given up.
    pub given_up_at: Option<Micros>,
}

/// What a worker took from the queue.
#[derive(Debug, Clone)]
pub struct ClaimedLetters {
    /// The letters, those due longest first.
    pub letters: Vec<QueuedLetter>,
    /// Whether there may be more that are due: letters that turned out to have no reader were
    /// looked at too.
    pub more: bool,
}

/// How the mail queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Letters that have not left.
    pub waiting: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<Micros>,
    /// Letters that were given up, and are still kept.
    pub given_up: i64,
}
