use super::parts::Parts;
use super::{InvalidToken, Tokens, Verified};
use crate::accounts::issuers::Source;
use crate::model::Micros;

impl Tokens {
    /// [`Self::verify`], and where the issuer has no such key, once more when its URL has been asked
    /// for newer ones: bounded in time, and in how often that is done at all.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`]; nothing about the bearer is known then.
    pub async fn verify_or_ask(&self, token: &str, now: Micros) -> Result<Verified, InvalidToken> {
        let first = self.verify(token, now);
        let Err(InvalidToken::UnknownKey | InvalidToken::NoKeysYet) = first else { return first };
        let Ok(Parts { claims, .. }) = Parts::of(token) else { return first };
        let keys = self.trusted().issuer(&claims).map(|(issuer, _)| issuer.keys.clone());
        match keys {
            Ok(Source::Remote(remote)) if remote.ask().await => self.verify(token, now),
            _ => first,
        }
    }
}
