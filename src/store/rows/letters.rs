//! The mail queue.

use crate::model::{EmailAddress, Micros, TenantName};
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
    /// The verification whose link and code it carries.
    pub verification: Option<Uuid>,
    /// When it was queued.
    pub made_at: Micros,
    /// How often it has been put off.
    pub attempts: i64,
}
