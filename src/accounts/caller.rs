use crate::model::{Actor, By, Digest, Micros, OpaqueToken, SessionId, TenantName, UserRef};
use std::sync::Arc;

/// What a request came with. A bearer wins over a ticket, and that over a
/// cookie, which a browser adds by itself.
#[derive(Debug, Clone)]
pub enum Presented {
    /// `Authorization: Bearer …`: an access token or an API key.
    Bearer(OpaqueToken),
    /// The session cookie.
    Cookie(OpaqueToken),
    /// `?ticket=…`, on the routes that take one.
    Ticket(OpaqueToken),
    /// Nothing.
    Nothing,
}

/// What a caller was believed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The session cookie.
    Cookie,
    /// An access token.
    Bearer,
    /// A stream ticket.
    Ticket,
}

/// A user who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: UserRef,
    /// In which session; external issuers and the command line have none.
    pub session: Option<SessionId>,
    /// When the credential was issued.
    pub issued_at: Micros,
    /// The digest of the key that signed it, where it is a token.
    pub signed_by: Option<Digest>,
    /// When it expires; a session's cookie does not while it is used.
    pub expires_at: Option<Micros>,
    /// What it is.
    pub credential: Credential,
    /// Whether the session's end has just been put off, so that the cookie should be set anew.
    pub renewed: bool,
    /// The request's id, where there is one.
    pub request: Option<Arc<str>>,
}

impl Caller {
    /// The caller, for the record of acts.
    pub fn by(&self) -> By {
        By { actor: Actor::User, request: self.request.clone() }
    }
}

/// An application's backend that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// Whose users it reaches.
    pub tenant: TenantName,
    /// Which of its keys it uses.
    pub key: String,
    /// The request's id, where there is one.
    pub request: Option<Arc<str>>,
}

impl Backend {
    /// The backend, for the record of acts.
    pub fn by(&self) -> By {
        By { actor: Actor::Key(self.key.clone()), request: self.request.clone() }
    }
}
