use super::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm as Jwa, DecodingKey};

/// The fewest bits of an RSA modulus (RFC 7518 §3.3).
const MIN_RSA_BITS: usize = 2048;

/// The fewest bytes of an HS256 secret, as many as the hash has (RFC 7518 §3.2).
const MIN_SECRET: usize = 32;

/// Fewer different bytes than this in a secret is a keyboard held down: 32 random hexadecimal
/// digits have fewer once in 25 million draws.
const MIN_DIFFERENT: usize = 8;

/// Why a key cannot be used; no text holds anything of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// A short HS256 secret is guessed offline from one token.
    #[error("has fewer than 32 bytes")]
    ShortSecret,
    /// Long, and still guessed at once.
    #[error("repeats a few characters, which is guessed at once")]
    WeakSecret,
    /// Also where a private key or a certificate was given.
    #[error("is not a PEM public key of the kind that the algorithm needs (BEGIN PUBLIC KEY)")]
    NotAPublicKey,
    /// Also where a public key was given, or another curve.
    #[error("is not an Ed25519 private key in PKCS #8 (openssl genpkey -algorithm ed25519)")]
    NotASigningKey,
    /// Such keys have been factored.
    #[error("is an RSA key of fewer than 2048 bits")]
    WeakRsa,
    /// Not JSON, or without `keys`.
    #[error("is not a JSON Web Key Set")]
    NotAKeySet,
    /// All are for another algorithm or for encryption.
    #[error("holds no key for this algorithm")]
    NoKeyFits,
    /// A token could not say which it means.
    #[error("holds two keys of one kid, or several of which one has none")]
    AmbiguousKid,
}

/// A key together with the one algorithm it may be used with.
///
/// The algorithm is not a parameter of the check, so that a token cannot have a public key used as
/// an HMAC secret (RFC 8725 §2.1).
#[derive(Debug)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    key: DecodingKey,
    thumbprint: String,
}

impl VerifyingKey {
    fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        // It fails for keys of no kind that is used here.
        let jwk = Jwk::from_decoding_key(&key, None);
        let thumbprint = jwk.and_then(|jwk| jwk.thumbprint(ThumbprintHash::SHA256));
        Self { algorithm, key, thumbprint: thumbprint.unwrap_or_default() }
    }

    /// An HS256 key.
    ///
    /// # Errors
    ///
    /// [`BadKey::ShortSecret`] and [`BadKey::WeakSecret`].
    pub fn shared(secret: &[u8]) -> Result<Self, BadKey> {
        if secret.len() < MIN_SECRET {
            return Err(BadKey::ShortSecret);
        }
        let different: std::collections::BTreeSet<_> = secret.iter().collect();
        if different.len() < MIN_DIFFERENT {
            return Err(BadKey::WeakSecret);
        }
        Ok(Self::new(Algorithm::Hs256, DecodingKey::from_secret(secret)))
    }

    /// The public key of a PEM file, for one of the three algorithms that have public keys.
    ///
    /// # Errors
    ///
    /// [`BadKey::NotAPublicKey`] and [`BadKey::WeakRsa`].
    pub fn pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, BadKey> {
        // The decoder takes private keys and certificates too, and finds the wrong bytes in them.
        let begins = |label: &[u8]| pem.trim_ascii_start().starts_with(label);
        let public = begins(b"-----BEGIN PUBLIC KEY-----")
            || (algorithm == Algorithm::Rs256 && begins(b"-----BEGIN RSA PUBLIC KEY-----"));
        if !public {
            return Err(BadKey::NotAPublicKey);
        }
        let key = match algorithm {
            Algorithm::Hs256 => return Err(BadKey::NotAPublicKey),
            Algorithm::Rs256 => DecodingKey::from_rsa_pem(pem),
            Algorithm::Es256 => DecodingKey::from_ec_pem(pem),
            Algorithm::EdDsa => DecodingKey::from_ed_pem(pem),
        };
        Self::checked(algorithm, key.map_err(|_| BadKey::NotAPublicKey)?)
    }

    /// An HS256 key that we made ourselves.
    pub(in crate::accounts) fn derived(key: &[u8; 32]) -> Self {
        Self::new(Algorithm::Hs256, DecodingKey::from_secret(key))
    }

    /// The 32 bytes of an Ed25519 public key that we have the private one of.
    pub(in crate::accounts) fn ed25519(public: &[u8]) -> Self {
        Self::new(Algorithm::EdDsa, DecodingKey::from_ed_der(public))
    }

    /// Takes a public key after the checks that the verifier would make at the first token only.
    pub(super) fn checked(algorithm: Algorithm, key: DecodingKey) -> Result<Self, BadKey> {
        let point = key.try_get_as_bytes().unwrap_or_default();
        let sound = match algorithm {
            Algorithm::Hs256 => false,
            Algorithm::Rs256 => is_sound_rsa(&key)?,
            // The curve, and whether the point is on it.
            Algorithm::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok(),
            Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, point).is_ok(),
        };
        if sound { Ok(Self::new(algorithm, key)) } else { Err(BadKey::NotAPublicKey) }
    }

    /// A digest of the key, by which it can be named: the SHA-256 thumbprint of RFC 7638.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The public key as a JSON Web Key (RFC 7517), less its `kid`; `None` for a shared secret.
    pub fn public(&self) -> Option<Jwk> {
        let shared = self.algorithm == Algorithm::Hs256;
        Jwk::from_decoding_key(&self.key, None).ok().filter(|_| !shared)
    }

    /// Whether `signature`, in base64url without padding, is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let algorithm = match self.algorithm {
            Algorithm::Hs256 => Jwa::HS256,
            Algorithm::Rs256 => Jwa::RS256,
            Algorithm::Es256 => Jwa::ES256,
            Algorithm::EdDsa => Jwa::EdDSA,
        };
        jsonwebtoken::crypto::verify(signature, message, &self.key, algorithm).unwrap_or(false)
    }
}

/// The keys of one issuer, all for one algorithm.
#[derive(Debug)]
pub struct Keys {
    algorithm: Algorithm,
    held: Held,
}

#[derive(Debug)]
enum Held {
    One(VerifyingKey),
    Set(Vec<(Option<String>, VerifyingKey)>),
}

impl Keys {
    /// One key, whatever `kid` a token names.
    pub fn one(key: VerifyingKey) -> Self {
        Self { algorithm: key.algorithm, held: Held::One(key) }
    }

    /// A set in which `kid` chooses.
    pub(in crate::accounts) fn set(
        algorithm: Algorithm,
        keys: Vec<(Option<String>, VerifyingKey)>,
    ) -> Self {
        Self { algorithm, held: Held::Set(keys) }
    }

    /// Every key.
    pub fn all(&self) -> Vec<&VerifyingKey> {
        match &self.held {
            Held::One(key) => vec![key],
            Held::Set(keys) => keys.iter().map(|(_, key)| key).collect(),
        }
    }

    /// The algorithm that this issuer signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that a token with this `kid` is checked by; `None` where the set has no such key.
    ///
    /// A token without one is checked by the only key of a set, never by trying them in turn
    /// (OIDC Core §10.1).
    pub fn pick(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match (&self.held, kid) {
            (Held::One(key), _) => Some(key),
            (Held::Set(keys), Some(kid)) => {
                keys.iter().find(|(name, _)| name.as_deref() == Some(kid)).map(|(_, key)| key)
            }
            (Held::Set(keys), None) => match keys.as_slice() {
                [(_, key)] => Some(key),
                _ => None,
            },
        }
    }
}

fn is_sound_rsa(key: &DecodingKey) -> Result<bool, BadKey> {
    let jwk = Jwk::from_decoding_key(key, None).map_err(|_| BadKey::NotAPublicKey)?;
    let AlgorithmParameters::RSA(parameters) = jwk.algorithm else {
        return Ok(false);
    };
    let number = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let n = number(&parameters.n);
    if bits(&n) < MIN_RSA_BITS {
        return Err(BadKey::WeakRsa);
    }
    let parsed = RsaPublicKeyComponents { n, e: number(&parameters.e) }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
    Ok(parsed.is_ok())
}

/// How many bits a big-endian number has.
fn bits(number: &[u8]) -> usize {
    let leading = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(leading).map_or(8, |byte| byte.leading_zeros());
    (number.len() - leading) * 8 - usize::try_from(first).unwrap_or(0) % 8
}
