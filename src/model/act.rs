use super::{Digest, EmailAddress, Micros, TenantName, UserId};
use std::fmt::{self, Write};
use std::sync::Arc;

/// Who does something that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A backend, by the id of its API key.
    Key(String),
    /// Whoever may run the program's commands.
    CommandLine,
    /// The user it is done to.
    User,
    /// Whoever holds the link from a mail to the user it is done to.
    Link,
    /// Whoever answers at a webhook's URL.
    Receiver,
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(formatter, "key:{id}"),
            Self::CommandLine => formatter.write_str("command line"),
            Self::User => formatter.write_str("user"),
            Self::Link => formatter.write_str("link"),
            Self::Receiver => formatter.write_str("receiver"),
        }
    }
}

/// Who does something, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The request's `X-Request-Id`, where there was a request.
    pub request: Option<Arc<str>>,
}

impl By {
    /// A command, which belongs to no request.
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, request: None }
    }

    /// A link from a mail.
    pub fn link(request: Option<Arc<str>>) -> Self {
        Self { actor: Actor::Link, request }
    }

    /// A webhook's receiver, by its answer to a request of ours.
    pub fn receiver() -> Self {
        Self { actor: Actor::Receiver, request: None }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A key was made.
    KeyCreated,
    /// A key was revoked.
    KeyRevoked,
    /// A tenant was made, also where a key was made for it.
    TenantCreated,
    /// A tenant's settings were changed.
    TenantChanged,
    /// The command line printed an access token for a user.
    TokenIssued,
    /// A user was made by a backend.
    UserCreated,
    /// A user was changed by a backend.
    UserChanged,
    /// A user was deleted.
    UserDeleted,
    /// A verification was made for a user.
    VerificationCreated,
    /// A user's connections were ended.
    ConnectionsEnded,
    /// A password was changed by somebody who knew it.
    PasswordChanged,
    /// A password was replaced by means of a mailed link.
    PasswordReset,
    /// Every session of a user was ended.
    LoggedOutEverywhere,
    /// A webhook was made.
    WebhookCreated,
    /// A webhook was disabled.
    WebhookDisabled,
    /// A webhook was enabled, or its pause ended.
    WebhookEnabled,
    /// A webhook was removed.
    WebhookDeleted,
    /// A webhook was given another secret.
    WebhookRotated,
    /// Messages to a webhook that were given up are to be sent.
    WebhookReplayed,
}

impl Deed {
    /// The name in the database and in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyCreated => "key.created",
            Self::KeyRevoked => "key.revoked",
            Self::TenantCreated => "tenant.created",
            Self::TenantChanged => "tenant.changed",
            Self::TokenIssued => "token.issued",
            Self::UserCreated => "user.created",
            Self::UserChanged => "user.changed",
            Self::UserDeleted => "user.deleted",
            Self::VerificationCreated => "verification.created",
            Self::ConnectionsEnded => "connections.ended",
            Self::PasswordChanged => "password.changed",
            Self::PasswordReset => "password.reset",
            Self::LoggedOutEverywhere => "sessions.ended",
            Self::WebhookCreated => "webhook.created",
            Self::WebhookDisabled => "webhook.disabled",
            Self::WebhookEnabled => "webhook.enabled",
            Self::WebhookDeleted => "webhook.deleted",
            Self::WebhookRotated => "webhook.rotated",
            Self::WebhookReplayed => "webhook.replayed",
        }
    }
}

/// An act on a key, a tenant, a user, or a webhook, for the record of such acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who, and in which request.
    pub by: By,
    /// What.
    pub deed: Deed,
    /// Whose key, user, or webhook, or which tenant.
    pub tenant: TenantName,
    /// On which key, user, or webhook: see [`Act::on_user`] for how users are named.
    pub subject: Option<String>,
    /// When.
    pub at: Micros,
}

impl Act {
    /// An act on a user.
    ///
    /// An application may have addresses as ids. Such an id is named by its hint and a digest, which
    /// tells two apart and gives no address away.
    pub fn on_user(by: By, deed: Deed, tenant: &TenantName, id: &UserId, at: Micros) -> Self {
        Self { by, deed, tenant: tenant.clone(), subject: Some(named(id)), at }
    }
}

fn named(id: &UserId) -> String {
    let Ok(address) = EmailAddress::parse(id.as_str()) else { return id.to_string() };
    let digest = Digest::of(id.as_str().as_bytes());
    digest.bytes().iter().take(4).fold(format!("{}#", address.hint()), |mut name, byte| {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_an_address_is_not_written_down_whole() {
        let name = |id: &str| named(&id.parse().unwrap());

        assert_eq!(name("auth0|ana"), "auth0|ana");
        assert!(name("ana@example.com").starts_with("a••@example.com#"));
        assert_ne!(name("ana@example.com"), name("anb@example.com"));
    }
}
