//! What an application's backend does to its users.

use super::NewLink;
use crate::model::{
    By, Document, EmailAddress, Languages, Micros, Once, Precondition, User, UserRef,
};
use std::time::Duration;
use uuid::Uuid;

/// What a backend says of a user, who is made where it is not there. What is `None` stays.
#[derive(Debug, Clone)]
pub struct PutUser {
    /// Who.
    pub user: UserRef,
    /// The address; `Some(None)` takes it away.
    pub email: Option<Option<EmailAddress>>,
    /// Whether the application has verified the address itself.
    pub email_verified: Option<bool>,
    /// What is merged into `attributes`.
    pub attributes: Option<Document>,
    /// What is merged into `kyc`.
    pub kyc: Option<Document>,
    /// What the user is to be before.
    pub precondition: Precondition,
    /// The call's key, where it has one.
    pub once: Option<Once>,
    /// What the reader of the mail to the old address prefers.
    pub languages: Languages,
    /// A salt for the address, should it be new.
    pub salt: [u8; 16],
    /// Who says so, for the record of acts.
    pub by: By,
    /// The present instant.
    pub now: Micros,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Put {
    /// The user is as it was said, in one new version or in none; or it was, as the first call with
    /// the same key was answered.
    Done {
        /// Whether it was made.
        created: bool,
        /// Its document.
        user: Box<User>,
    },
    /// The key belongs to another call; nothing changed.
    Mismatch,
    /// The user is not what it was to be before; nothing changed.
    Stale,
    /// Another user has verified the address; nothing changed.
    Taken,
    /// There is no address to be verified; nothing changed.
    NoAddress,
    /// A merged document would be too large; nothing changed.
    TooLarge,
}

/// A link that a backend wants for one of its users.
#[derive(Debug, Clone)]
pub struct WantedLink {
    /// Whose.
    pub user: UserRef,
    /// The link, should one be made.
    pub link: NewLink,
    /// Whether we are to mail it.
    pub deliver: bool,
    /// The call's key, where it has one.
    pub once: Option<Once>,
    /// What the mail's reader prefers.
    pub languages: Languages,
    /// Who wants it, for the record of acts.
    pub by: By,
    /// The present instant.
    pub now: Micros,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// The verification of this id was made, now or by the first call with the same key; its link
    /// is good until then.
    Done(Uuid, Micros),
    /// The address is verified; nothing was made.
    Already,
    /// The key belongs to another call; nothing was made.
    Mismatch,
    /// Too many mails, or too soon; nothing was made.
    Wait(Duration),
    /// The user has no address; nothing was made.
    NoAddress,
    /// Another user has verified the address; nothing was made.
    Taken,
    /// No such user.
    Unknown,
}

/// What came of a wish to remove a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done,
    /// The user is not what it was to be before; nothing changed.
    Stale,
    /// No such user.
    Unknown,
}
