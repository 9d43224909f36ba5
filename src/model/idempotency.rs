use super::{Digest, UserRef};
use std::str::FromStr;
use std::sync::Arc;

/// The text cannot be an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters")]
pub struct BadIdempotencyKey;

/// A backend's own name for one of its calls: the same call again gets the same answer, and is not
/// carried out twice. Its tenant's, whatever user the call is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = BadIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, BadIdempotencyKey> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(BadIdempotencyKey) }
    }
}

/// A call that is to be carried out once.
#[derive(Debug, Clone)]
pub struct Once {
    /// Its key.
    pub key: IdempotencyKey,
    /// What tells it from another call that comes with the same key.
    pub fingerprint: Digest,
}

impl Once {
    /// A call of `kind` (its method and the last part of its path) about `user` with `body`, as we
    /// write it: spaces make no other call.
    pub fn new(key: IdempotencyKey, kind: &str, user: &UserRef, body: &str) -> Self {
        // Neither a kind nor a user's name has a line break.
        let fingerprint = Digest::of(format!("{kind}\n{user}\n{body}").as_bytes());
        Self { key, fingerprint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_fits_into_a_header() {
        for bad in ["", " ", "a b", "a\n", "é", &"x".repeat(256)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(BadIdempotencyKey), "{bad:?}");
        }
        for good in ["8e03978e-40d5-43dd-bc93-6894a57f9324", "\"quoted\"", &"x".repeat(255)] {
            assert_eq!(good.parse::<IdempotencyKey>().unwrap().as_str(), good);
        }
    }
}
