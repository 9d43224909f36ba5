use crate::clock::random_bytes;
use aws_lc_rs::{constant_time, digest, hmac};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use std::fmt;

/// SHA-256 of something that is itself not kept.
///
/// Enough for tokens of 128 random bits or more; passwords take argon2 instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        Self(digest.as_ref().try_into().unwrap_or_default())
    }

    /// A digest as the database held it; bytes of another length match nothing.
    pub fn stored(bytes: &[u8]) -> Self {
        Self(bytes.try_into().unwrap_or_default())
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same, in a time that tells nothing of where they differ.
    pub fn matches(&self, other: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.0, other).is_ok()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digest(…)")
    }
}

/// A secret that a caller holds and we keep only the digest of: session, refresh, and stream tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl OpaqueToken {
    /// A new token of 256 random bits, in 43 characters of base64url.
    pub fn draw() -> Self {
        Self::spelled(&random_bytes::<32>())
    }

    /// `bytes` in base64url.
    pub fn spelled(bytes: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a caller presented.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is stored and looked up in its place.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// The token itself, for the one answer that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpaqueToken(…)")
    }
}

/// Six digits that a person types from a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Reads six digits, spaces and a hyphen between them forgiven; `None` for anything else.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        let six = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        six.then_some(Self(digits))
    }

    /// Whether both are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }

    /// The digits, for the mail.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(…)")
    }
}

/// The installation's secret, from which links, codes, and the token signing key are derived.
#[derive(Clone)]
pub struct ServerSecret(hmac::Key);

impl ServerSecret {
    /// The fewest bytes a secret may have: as many as the hash it keys (RFC 2104 §3).
    pub const MIN_BYTES: usize = 32;

    /// Takes the secret's bytes, which the caller has checked to be [`Self::MIN_BYTES`] or more.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// 32 bytes that only this secret gives for `purpose` and `id`.
    pub fn derive(&self, purpose: &str, id: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(id);
        context.sign().as_ref().try_into().unwrap_or_default()
    }

    /// Whether `proof` is the beginning of what [`Self::derive`] gives, compared in constant time.
    pub fn proves(&self, purpose: &str, id: &[u8], proof: &[u8]) -> bool {
        let derived = self.derive(purpose, id);
        let beginning = derived.get(..proof.len()).filter(|_| proof.len() >= 16);
        beginning.is_some_and(|own| constant_time::verify_slices_are_equal(own, proof).is_ok())
    }

    /// The link token of the verification `id`: never stored, made again whenever it is mailed.
    pub fn link(&self, id: &[u8]) -> OpaqueToken {
        OpaqueToken::spelled(&self.derive("link", id))
    }

    /// The link token of the password reset `id`, likewise.
    pub fn reset(&self, id: &[u8]) -> OpaqueToken {
        OpaqueToken::spelled(&self.derive("password-reset", id))
    }

    /// The code of the verification `id`. The bias of the modulus is below 2⁻⁴⁰.
    pub fn code(&self, id: &[u8]) -> Code {
        let bytes = self.derive("code", id);
        let number = bytes.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Code(format!("{:06}", number % 1_000_000))
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServerSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_its_code_come_back_the_same_from_the_same_secret_only() {
        let (ours, theirs) = (ServerSecret::new(&[1; 32]), ServerSecret::new(&[2; 32]));

        assert_eq!(ours.link(b"id"), ours.link(b"id"));
        assert_ne!(ours.link(b"id"), theirs.link(b"id"));
        assert_ne!(ours.link(b"id"), ours.link(b"other"));
        assert_eq!(ours.link(b"id").reveal().len(), 43);
        assert!(Code::parse(ours.code(b"id").reveal()).is_some());
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        assert_eq!(Code::parse("123 456"), Code::parse("123456"));
        for bad in ["12345", "1234567", "12345a", "１２３４５６", ""] {
            assert_eq!(Code::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug_output() {
        let token = OpaqueToken::draw();

        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
