//! Forgotten and changed passwords.

use super::Hash;
use crate::model::{By, Digest, EmailAddress, Languages, Micros, SessionId, TenantName, UserRef};
use uuid::Uuid;

/// A wish for a new password, by somebody who says that this address is theirs.
#[derive(Debug, Clone)]
pub struct NewReset {
    /// Whose accounts.
    pub tenant: TenantName,
    /// The address as typed.
    pub email: EmailAddress,
    /// Its id, from which the link is derived.
    pub id: Uuid,
    /// The digest of the link's token.
    pub digest: Digest,
    /// What the mail's reader prefers.
    pub languages: Languages,
    /// The present instant.
    pub now: Micros,
    /// Until when the link may be used.
    pub expires_at: Micros,
}

/// A password reset's link, as its page shows it.
#[derive(Debug, Clone)]
pub struct Reset {
    /// Where it stands.
    pub state: ResetState,
    /// The account's address.
    pub email: EmailAddress,
    /// What to hash the new password with.
    pub salt: [u8; 16],
}

/// Where a password reset's link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetState {
    /// It may be used.
    Pending,
    /// It, or a later one, has been.
    Used,
    /// It is too old.
    Expired,
}

/// A new password for somebody who knows the present one.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// Whose.
    pub user: UserRef,
    /// The hash of what was given as the present one.
    pub present: Hash,
    /// The hash of the new one.
    pub new: Hash,
    /// By whom.
    pub by: By,
    /// The session that stays.
    pub keep: Option<SessionId>,
    /// What the mail's reader prefers.
    pub languages: Languages,
    /// The present instant.
    pub now: Micros,
}

/// What came of a deed that needs the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proved {
    /// Done.
    Done,
    /// The password is another; nothing changed.
    WrongPassword,
    /// The account has none; nothing changed.
    NoPassword,
    /// No such user.
    Unknown,
}
