//! Sign-up, sessions, and users brought by others.

use super::{Hash, NewLink};
use crate::model::{
    Digest, EmailAddress, Languages, Micros, Scopes, SessionId, TenantName, User, UserId, UserRef,
};
use std::time::Duration;

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
    /// What the mail's reader prefers.
    pub languages: Languages,
    /// Ids and digest of the link, should one be mailed.
    pub link: NewLink,
    /// The present instant.
    pub now: Micros,
}

/// An account that a log-in may mean: one of those that name the address.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The account.
    pub user: UserId,
    /// Its password's hash.
    pub password: Hash,
    /// What that was made with, where it is not the address's salt.
    pub salt: Option<[u8; 16]>,
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
    /// The digest of the key that credential was signed by, where it was a token.
    pub signed_by: Option<Digest>,
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
    /// What it may do.
    pub scopes: Scopes,
    /// When it was last used, to the minute.
    pub used_at: Option<Micros>,
}

/// Whether something limited may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// It may, and has been counted.
    Yes,
    /// Not before this long.
    After(Duration),
}
