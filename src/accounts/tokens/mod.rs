//! Access tokens: ours are made and checked here, those of external issuers checked.
//!
//! A token is a JWT (RFC 7519) in the compact form of a JWS (RFC 7515), held to RFC 8725 and
//! RFC 9068. Parsing and every claim are ours, signatures are jsonwebtoken's: its own validation
//! reads the system's clock, never looks at `crit`, and passes over a time claim of the wrong type.

mod issue;
mod own;
mod parts;
#[cfg(test)]
mod tests;
mod verify;

pub use issue::AccessToken;
pub use own::{OwnIssuer, OwnKey, SigningKeyError};
pub use verify::{InvalidToken, Verified};

use super::issuers::{Issuer, Keys};
use crate::model::TenantName;
use own::Signer;
use std::collections::HashMap;

/// Everybody whose access tokens are believed, and the means to make our own.
#[derive(Debug)]
pub struct Tokens {
    signer: Signer,
    own: Issuer,
    others: HashMap<String, Issuer>,
}

impl Tokens {
    /// Believes our own tokens and those of `issuers`, of which [`super::issuers::read`] has seen
    /// to it that none is named twice. One that claims our own `iss` is never asked.
    pub fn new(own: OwnIssuer, issuers: Vec<Issuer>) -> Self {
        let OwnIssuer { iss, aud, key } = own;
        let OwnKey { signer, verifier } = key;
        let own = Issuer {
            iss,
            audiences: vec![aud],
            keys: Keys::one(verifier),
            tenant: TenantName::built_in(),
        };
        let others = issuers.into_iter().map(|issuer| (issuer.iss.clone(), issuer)).collect();
        Self { signer, own, others }
    }
}
