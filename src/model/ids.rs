use super::Micros;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// A name is not of the form its kind has; the text says which form that is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(&'static str);

impl BadName {
    pub(super) fn new(form: &'static str) -> Self {
        Self(form)
    }
}

/// Whose users these are: `[a-z0-9-]{1,32}`. `default` owns the built-in accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TenantName(Arc<str>);

impl TenantName {
    /// The tenant of the built-in accounts and of every issuer that names none.
    pub fn built_in() -> Self {
        Self("default".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(fits) {
            return Err(BadName("a tenant's name is 1 to 32 characters of a-z, 0-9, and -"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A user's id within its tenant: the document's `id`, the JWT's `sub`, the application's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct UserId(Arc<str>);

impl UserId {
    /// A new id for a built-in account, a UUID v7.
    pub fn draw() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:@|-".contains(&byte);
        let length = (1..=128).contains(&text.len());
        if !length || !text.bytes().all(fits) || text == "." || text == ".." {
            return Err(BadName("a user's id is 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ | -"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One user of one tenant: what the hub, the store, and every check is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserRef {
    /// The tenant.
    pub tenant: TenantName,
    /// The user within it.
    pub id: UserId,
}

impl fmt::Display for UserRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.tenant, self.id)
    }
}

/// One log-in of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A new id.
    pub fn draw() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// That a user's connections end, and that its earlier credentials are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Whose.
    pub user: UserRef,
    /// The session that ended; `None`: all, and every token issued before `at`.
    pub session: Option<SessionId>,
    /// What the connections are told.
    pub code: EndingCode,
    /// When.
    pub at: Micros,
}

/// Why an ending was recorded; its text is the `goodbye` code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingCode {
    /// Log-out of this session, or of all.
    SessionRevoked,
    /// The user is gone.
    UserDeleted,
    /// A backend closed the connections; credentials stay good.
    Disconnected,
}

impl EndingCode {
    /// The `goodbye` code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionRevoked => "session_revoked",
            Self::UserDeleted => "user_deleted",
            Self::Disconnected => "disconnected",
        }
    }

    /// Reads what [`Self::as_str`] wrote; anything else is a log-out, the strictest.
    pub fn parse(text: &str) -> Self {
        match text {
            "user_deleted" => Self::UserDeleted,
            "disconnected" => Self::Disconnected,
            _ => Self::SessionRevoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_their_alphabet_are_refused() {
        for bad in ["", ".", "..", "a/b", "a b", "ü", "a\n", &"x".repeat(129)] {
            assert!(bad.parse::<UserId>().is_err(), "{bad:?}");
        }
        for good in ["auth0|5f7c", "a@b.example", "~x:1", &"x".repeat(128)] {
            assert!(good.parse::<UserId>().is_ok(), "{good:?}");
        }
        for bad in ["", "Acme", "a_b", &"x".repeat(33)] {
            assert!(bad.parse::<TenantName>().is_err(), "{bad:?}");
        }
    }
}
