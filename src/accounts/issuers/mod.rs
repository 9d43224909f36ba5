//! Whose access tokens are believed: each issuer with its audiences, one algorithm, and its keys.

mod entry;
mod fetch;
mod guarded_file;
mod jwks;
mod keys;
mod problem;
mod read;
mod remote;
#[cfg(test)]
mod tests;

pub use fetch::BadUrl;
pub use guarded_file::{GuardedFile, UnreadableFile};
pub use keys::{BadKey, Keys, VerifyingKey};
pub use problem::IssuersError;
pub use read::{Issuers, read};
pub use remote::RemoteKeys;

use crate::model::{Digest, TenantName};
use std::sync::Arc;

/// One issuer of access tokens, external or ourselves.
///
/// Everything that decides how its tokens are checked is fixed here, from our settings; nothing of
/// it is taken from the token (RFC 8725 §3.1).
#[derive(Debug)]
pub struct Issuer {
    /// The `iss` of its tokens, compared character for character.
    pub iss: String,
    /// A token must name one of these in `aud`.
    pub audiences: Vec<String>,
    /// The keys, each bound to the one algorithm that this issuer signs by.
    pub keys: Source,
    /// Whose users its subjects are.
    pub tenant: TenantName,
}

/// Where an issuer's keys are from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Our settings.
    Fixed(Arc<Keys>),
    /// A URL of the issuer's.
    Remote(Arc<RemoteKeys>),
}

impl Source {
    /// The algorithm that the issuer signs by.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Fixed(keys) => keys.algorithm(),
            Self::Remote(remote) => remote.algorithm(),
        }
    }

    /// The keys; `None` where they have not been had yet.
    pub fn keys(&self) -> Option<Arc<Keys>> {
        match self {
            Self::Fixed(keys) => Some(Arc::clone(keys)),
            Self::Remote(remote) => remote.keys(),
        }
    }
}

impl From<Keys> for Source {
    fn from(keys: Keys) -> Self {
        Self::Fixed(Arc::new(keys))
    }
}

impl Issuer {
    /// What stands for a token by one of the keys: the same for as long as this issuer has the key,
    /// for the same tenant.
    pub fn digest(&self, key: &VerifyingKey) -> Digest {
        let parts = [&self.iss, self.tenant.as_str(), key.thumbprint()];
        Digest::of(parts.join("\0").as_bytes())
    }
}

/// The signature algorithms we know, spelled as `alg` spells them (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: a secret that both sides hold.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Reads the exact name; `none` and everything else is `None`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa]
            .into_iter()
            .find(|known| known.name() == name)
    }

    /// The name in a token's header and in the issuers' file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}
