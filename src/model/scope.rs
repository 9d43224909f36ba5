use super::BadName;
use std::fmt;
use std::str::FromStr;

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Look at users and their connections.
    Read,
    /// Make and change users, publish events, and have addresses verified.
    Publish,
    /// Delete users, and end their connections.
    Admin,
}

impl Scope {
    /// Every scope: what a key has unless told otherwise.
    pub const ALL: [Self; 3] = [Self::Read, Self::Publish, Self::Admin];

    /// The name in settings, in the database, and in refusals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or(BadName::new("a scope is one of read, publish, and admin"))
    }
}

/// The scopes of one key. None implies another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether `scope` is one of them.
    pub fn hold(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Reads what [`fmt::Display`] wrote; names of a newer version are passed over.
    pub fn stored(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|scope| scope.as_str()).collect();
        formatter.write_str(&names.join(" "))
    }
}
