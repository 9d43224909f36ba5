//! What operations take and give, beside the model.

use crate::model::{
    Change, Cursor, Digest, EmailAddress, Micros, SessionId, TenantName, User, UserId, UserRef,
};
use std::time::Duration;
use uuid::Uuid;

/// The hash of a password under its address's salt.
pub type Hash = [u8; 32];

/// A sign-up whose password has been hashed.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// Whose accounts.
    pub tenant: TenantName,
    /// The address as typed.
    pub email: EmailAddress,
    /// The salt that `password` was hashed with; kept with the address if it is new.
    pub salt: [u8; 16],
    /// The hash.
    pub password: Hash,
    /// The client's address or network, for the cap of two accounts each.
    pub client: String,
    /// From what kind of device, as the verify page tells it.
    pub device: String,
    /// Ids and digest of the link, should one be mailed.
    pub link: NewLink,
    /// The present instant.
    pub now: Micros,
}

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

/// An account that a log-in may mean: one of those that name the address.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The account.
    pub user: UserId,
    /// Its password's hash.
    pub password: Hash,
    /// Whether it owns the address.
    pub verified: bool,
}

/// A session about to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub user: UserRef,
    /// Its id.
    pub id: SessionId,
    /// The digest of its cookie.
    pub cookie: Digest,
    /// The password's hash that was proved; an account whose hash is another by now gets nothing.
    pub password: Hash,
    /// The client's own description, cut to a bound.
    pub user_agent: String,
    /// The present instant.
    pub now: Micros,
    /// When it ends unless it is used.
    pub expires_at: Micros,
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserRef,
    /// Which refresh token is the current one.
    pub generation: i64,
    /// When that was handed out.
    pub refreshed_at: Micros,
    /// The client's own description.
    pub user_agent: String,
    /// When it was opened.
    pub created_at: Micros,
    /// When it was last used, to the hour.
    pub last_seen_at: Micros,
    /// When it ends unless it is used.
    pub expires_at: Micros,
}

/// What became of a refresh token.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// It was good.
    Rotated(Box<Rotation>),
    /// It was used before: somebody else holds it, and the session has been ended.
    Reused,
    /// No such session.
    Unknown,
}

/// A refreshed session.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The session.
    pub session: Session,
    /// Which refresh token is its current one now.
    pub generation: i64,
    /// Its user.
    pub user: User,
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

/// What came of publishing.
#[derive(Debug, Clone)]
pub enum Published {
    /// Committed.
    Done(Box<Change>),
    /// No such user; nothing changed.
    UnknownUser,
    /// The merged document would be too large; nothing changed.
    TooLarge,
}

/// Whether something limited may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// It may, and has been counted.
    Yes,
    /// Not before this long.
    After(Duration),
}

/// A user met through an issuer or the command line.
#[derive(Debug, Clone)]
pub struct FirstSight {
    /// Who.
    pub user: UserRef,
    /// The address its issuer claims.
    pub email: Option<EmailAddress>,
    /// Whether the issuer claims to have verified it.
    pub email_verified: bool,
    /// A salt for the address, should it be new.
    pub salt: [u8; 16],
    /// The present instant.
    pub now: Micros,
}

/// A stream ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its holder.
    pub user: UserRef,
    /// The session it was got with.
    pub session: Option<SessionId>,
    /// When the credential it was got with was issued.
    pub issued_at: Micros,
    /// When that credential expires; a stream may not outlive it.
    pub until: Option<Micros>,
    /// Until when the ticket may be spent.
    pub expires_at: Micros,
}

/// An API key, less its secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The public part.
    pub id: String,
    /// Whose users it reaches.
    pub tenant: TenantName,
    /// What its maker called it.
    pub name: String,
    /// The digest of the secret part.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Micros,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

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

/// A user's present state and what came after a cursor.
#[derive(Debug, Clone)]
pub struct Since {
    /// The present document.
    pub user: User,
    /// The changes after the cursor, oldest first; `None` where the log does not hold them all.
    pub changes: Option<Vec<Change>>,
}

/// A page of a user's history.
#[derive(Debug, Clone)]
pub enum Page {
    /// The changes, oldest first, and where to go on.
    Changes(Vec<Change>, Cursor),
    /// The log does not reach back to the cursor, or it is another epoch's.
    Gone,
}
