use super::{Cursor, Document, Micros, User};
use serde::{Deserialize, Serialize};

/// One committed change of one user, with the whole document after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The version it made.
    pub cursor: Cursor,
    /// What happened; the SSE `event:` name.
    #[serde(rename = "type")]
    pub kind: ChangeType,
    /// What the writer said of it.
    pub data: Document,
    /// When it was committed, by the database's clock as far as a node can tell.
    pub at: Micros,
    /// The document after it.
    pub user: User,
}

/// The name of a kind of change: `^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}$`, at most 64 characters.
///
/// Its alphabet is what makes it safe in an SSE `event:` field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeType(String);

/// Why a backend may not publish under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReservedType {
    /// Not of the form.
    #[error(
        "a type is two to four names joined by dots, each a letter and then a-z, 0-9, or _, at most 64 characters"
    )]
    Malformed,
    /// A name the service writes itself, or keeps for later.
    #[error("this type is written by the service itself")]
    Reserved,
}

impl ChangeType {
    /// A user came to be.
    pub fn user_created() -> Self {
        Self("user.created".into())
    }

    /// Somebody proved to read the address.
    pub fn email_verified() -> Self {
        Self("email.verified".into())
    }

    /// The address is another, or gone.
    pub fn email_changed() -> Self {
        Self("email.changed".into())
    }

    /// `kyc` was merged into.
    pub fn kyc_updated() -> Self {
        Self("kyc.updated".into())
    }

    /// `attributes` were merged into, or several members differ.
    pub fn user_updated() -> Self {
        Self("user.updated".into())
    }

    /// Reads the type a backend wants to publish.
    ///
    /// # Errors
    ///
    /// [`ReservedType`] where the form is wrong or the name is the service's own.
    pub fn published(text: &str) -> Result<Self, ReservedType> {
        let ours = ["user.created", "email.verified", "email.changed"].contains(&text);
        if ours || text.starts_with("afterclick.") {
            return Err(ReservedType::Reserved);
        }
        Self::named(text)
    }

    /// Reads any type, whoever writes it.
    ///
    /// # Errors
    ///
    /// [`ReservedType::Malformed`].
    pub fn named(text: &str) -> Result<Self, ReservedType> {
        let names: Vec<&str> = text.split('.').collect();
        let fits = |name: &&str| {
            let mut letters = name.bytes();
            letters.next().is_some_and(|first| first.is_ascii_lowercase())
                && letters
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if text.len() > 64 || !(2..=4).contains(&names.len()) || !names.iter().all(fits) {
            return Err(ReservedType::Malformed);
        }
        Ok(Self(text.to_owned()))
    }

    /// What the database held.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_publishes_under_its_own_names_and_three_of_ours() {
        for good in
            ["kyc.updated", "user.updated", "transaction.updated", "order.shipped", "a.b.c.d2_"]
        {
            assert!(ChangeType::published(good).is_ok(), "{good}");
        }
        for ours in ["user.created", "email.verified", "email.changed", "afterclick.x"] {
            assert_eq!(ChangeType::published(ours), Err(ReservedType::Reserved));
        }
        for bad in
            ["", "order", "Order.shipped", "a.b.c.d.e", "a..b", "1a.b", "a.b\nid: 1", "a.b ", "a.é"]
        {
            assert_eq!(ChangeType::published(bad), Err(ReservedType::Malformed), "{bad:?}");
        }
    }
}
