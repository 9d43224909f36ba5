//! Links and codes.

use crate::model::{Digest, EmailAddress, Micros, UserRef};
use std::time::Duration;
use uuid::Uuid;

/// A verification that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewLink {
    /// Its id, from which link and code are derived.
    pub id: Uuid,
    /// The digest of its link token.
    pub digest: Digest,
    /// Until when the link may be used.
    pub expires_at: Micros,
}

/// A link, as its page and its status show it.
#[derive(Debug, Clone)]
pub struct Link {
    /// Whose.
    pub user: UserRef,
    /// The address it confirms, as typed while the account is there.
    pub email: Option<EmailAddress>,
    /// Where it stands.
    pub state: LinkState,
    /// Until when it may be used.
    pub expires_at: Micros,
    /// When the account was made.
    pub account_made_at: Option<Micros>,
    /// From what kind of device.
    pub device: Option<String>,
    /// What to hash the asked-for password with, where rivals for the address make one necessary.
    pub rivals: Option<[u8; 16]>,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It may be used.
    Pending,
    /// It, or another, has verified the address.
    Verified,
    /// It is too old.
    Expired,
}

/// What a confirmation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The address is verified now.
    Now,
    /// It was before; nothing changed.
    Already,
    /// The link is too old; nothing changed.
    Expired,
    /// Rivals name the address, and the password was missing or another account's; nothing changed.
    NeedsPassword,
    /// No such link, or not for this address any more.
    Unknown,
}

/// What came of a typed code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// Right; what the confirmation did.
    Right(Confirmed),
    /// Wrong, with this many tries left.
    Wrong(i64),
    /// Too many wrong ones; right or wrong, wait.
    TooMany(Duration),
}

/// What came of asking for another mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resent {
    /// Queued, or as if; its link is good until then.
    Sent(Micros),
    /// The address is verified.
    Already,
    /// Too soon or too many.
    Wait(Duration),
    /// The account has no address.
    NoAddress,
    /// No such user.
    Unknown,
}

/// What came of "this was not me".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The unverified account is gone.
    Removed,
    /// The account is verified, or gone already; nothing changed.
    LeftAlone,
    /// The link is too old; nothing changed.
    Expired,
    /// No such link.
    Unknown,
}
