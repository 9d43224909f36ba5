use super::parts::Parts;
use super::{InvalidToken, Tokens, Verified};
use crate::accounts::issuers::Source;
use crate::model::{Digest, Micros};
use std::sync::Arc;

impl Tokens {
    /// [`Self::verify`], but for a token that was found good within the last seconds. Where the issuer
    /// has no such key, it is looked at once more when the issuer's URL has been asked for newer ones:
    /// bounded in time, and in how often that is done at all.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`]; nothing about the bearer is known then.
    pub async fn verify_or_ask(&self, token: &str, now: Micros) -> Result<Verified, InvalidToken> {
        let first = self.verify_or_recall(token, now);
        let Err(InvalidToken::UnknownKey | InvalidToken::NoKeysYet) = first else { return first };
        let Ok(Parts { claims, .. }) = Parts::of(token) else { return first };
        let keys = self.trusted().issuer(&claims).map(|(issuer, _)| issuer.keys.clone());
        match keys {
            Ok(Source::Remote(remote)) if remote.ask().await => self.verify(token, now),
            _ => first,
        }
    }

    /// A signature costs 1.5 to 35 µs, and its holder may ask many times a second.
    fn verify_or_recall(&self, token: &str, now: Micros) -> Result<Verified, InvalidToken> {
        let (trusted, digest) = (self.trusted(), Digest::of(token.as_bytes()));
        if let Some(known) = trusted.proofs.get(&digest, now).filter(|proof| proof.holds(now)) {
            return Ok(known.verified.clone());
        }
        let proof = trusted.prove(token, now)?;
        let verified = proof.verified.clone();
        trusted.proofs.put(digest, Arc::new(proof), now);
        Ok(verified)
    }
}
