//! Access tokens: ours are made and checked here, those of external issuers checked.
//!
//! A token is a JWT (RFC 7519) in the compact form of a JWS (RFC 7515), held to RFC 8725 and
//! RFC 9068. Parsing and every claim are ours, signatures are jsonwebtoken's: its own validation
//! reads the system's clock, never looks at `crit`, and passes over a time claim of the wrong type.

mod ask;
mod issue;
mod own;
mod parts;
mod proof;
#[cfg(test)]
mod tests;
mod verify;

pub use issue::AccessToken;
pub use own::{OwnIssuer, OwnKey, SigningKeyError};
pub use verify::{InvalidToken, Verified};

use super::Recent;
use super::issuers::{Issuer, RemoteKeys, Source};
use crate::model::{Digest, TenantName};
use arc_swap::{ArcSwap, Guard};
use own::Signer;
use proof::Proof;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many proofs of a generation are kept: some 300 bytes each.
const PROOFS: usize = 2_048;

/// Everybody whose access tokens are believed, and the means to make our own.
#[derive(Debug)]
pub struct Tokens(ArcSwap<Trusted>);

/// The same at one moment, since keys come and go.
#[derive(Debug)]
struct Trusted {
    signer: Signer,
    own: Issuer,
    others: HashMap<String, Issuer>,
    /// Of tokens that come again and again, as those of polls do; by the tokens' digests.
    proofs: Recent<Digest, Arc<Proof>>,
}

impl Tokens {
    /// Believes our own tokens and those of `issuers`, of which [`super::issuers::read`] has seen
    /// to it that none is named twice. One that claims our own `iss` is never asked.
    pub fn new(own: OwnIssuer, issuers: Vec<Issuer>) -> Self {
        Self(ArcSwap::from_pointee(Trusted::new(own, issuers)))
    }

    /// Believes these from now on, and nobody else. An issuer whose keys are at the same URL as
    /// before goes on with those it has.
    pub fn replace(&self, own: OwnIssuer, mut issuers: Vec<Issuer>) {
        let before = self.trusted();
        for issuer in &mut issuers {
            let old = before.others.get(&issuer.iss).map(|old| &old.keys);
            if let (Source::Remote(new), Some(Source::Remote(old))) = (&issuer.keys, old)
                && new.is_like(old)
            {
                issuer.keys = Source::Remote(Arc::clone(old));
            }
        }
        self.0.store(Arc::new(Trusted::new(own, issuers)));
    }

    /// The `iss` of each external issuer whose subjects are users of `tenant`, in order.
    pub fn issuers(&self, tenant: &TenantName) -> Vec<String> {
        let trusted = self.trusted();
        let theirs = trusted.others.values().filter(|issuer| issuer.tenant == *tenant);
        let mut names: Vec<_> = theirs.map(|issuer| issuer.iss.clone()).collect();
        names.sort_unstable();
        names
    }

    /// The keys that are fetched from issuers' URLs.
    pub fn remotes(&self) -> Vec<Arc<RemoteKeys>> {
        let trusted = self.trusted();
        let remote = |issuer: &Issuer| match &issuer.keys {
            Source::Remote(remote) => Some(Arc::clone(remote)),
            Source::Fixed(_) => None,
        };
        trusted.others.values().filter_map(remote).collect()
    }

    /// The digest of each key that a token may be signed by: see [`Issuer::digest`].
    pub fn digests(&self) -> HashSet<Digest> {
        let trusted = self.trusted();
        let issuers = trusted.others.values().chain([&trusted.own]);
        let digests = |issuer: &Issuer| -> Vec<Digest> {
            let keys = issuer.keys.keys();
            let all = keys.iter().flat_map(|keys| keys.all()).map(|key| issuer.digest(key));
            all.collect()
        };
        issuers.flat_map(digests).collect()
    }

    /// Our own public keys as a JSON Web Key Set (RFC 7517 §5): none where tokens are signed by a
    /// secret.
    pub fn key_set(&self) -> Value {
        let trusted = self.trusted();
        let keys = trusted.own.keys.keys();
        let all = keys.iter().flat_map(|keys| keys.all());
        let public = all.filter_map(|key| {
            let mut jwk = serde_json::to_value(key.public()?).ok()?;
            jwk["kid"] = json!(key.thumbprint());
            jwk["use"] = json!("sig");
            jwk["alg"] = json!(trusted.own.keys.algorithm().name());
            Some(jwk)
        });
        json!({ "keys": public.collect::<Vec<_>>() })
    }

    fn trusted(&self) -> Guard<Arc<Trusted>> {
        self.0.load()
    }
}

impl Trusted {
    fn new(own: OwnIssuer, issuers: Vec<Issuer>) -> Self {
        let OwnIssuer { iss, aud, key: OwnKey { signer, keys } } = own;
        let own =
            Issuer { iss, audiences: vec![aud], keys: keys.into(), tenant: TenantName::built_in() };
        let others = issuers.into_iter().map(|issuer| (issuer.iss.clone(), issuer)).collect();
        Self { signer, own, others, proofs: Recent::of(PROOFS) }
    }
}
