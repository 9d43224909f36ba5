use crate::accounts::issuers::{Algorithm, BadKey, GuardedFile, UnreadableFile, VerifyingKey};
use crate::model::ServerSecret;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::EncodingKey;
use std::fmt;
use std::path::{Path, PathBuf};

/// Ourselves as an issuer.
#[derive(Debug)]
pub struct OwnIssuer {
    /// Our public URL.
    pub iss: String,
    /// What our tokens are for; in them as one string.
    pub aud: String,
    /// What they are signed by.
    pub key: OwnKey,
}

/// The key that our own access tokens are signed by and checked against.
pub struct OwnKey {
    pub(super) signer: Signer,
    pub(super) verifier: VerifyingKey,
}

/// The half of the key that makes signatures.
pub(super) enum Signer {
    Hs256(Box<hmac::Key>),
    EdDsa(Box<Ed25519KeyPair>),
}

/// Why `--signing-key` cannot be used: one line that names the file and nothing of its content.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct SigningKeyError {
    file: PathBuf,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    File(#[from] UnreadableFile),
    #[error(transparent)]
    Key(#[from] BadKey),
}

impl OwnKey {
    /// HS256 with a key that only this installation's secret gives: nothing to configure, and
    /// nobody else can check our tokens.
    pub fn derived(secret: &ServerSecret) -> Self {
        let key = secret.derive("access-token", b"");
        let signer = Signer::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &key)));
        Self { signer, verifier: VerifyingKey::derived(&key) }
    }

    /// `EdDSA` with the Ed25519 private key of a PKCS #8 file, in PEM or DER, so that other services
    /// can check our tokens by the public key.
    ///
    /// `insecure_dev` lets the file be readable by everyone.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] where there is no such key in the file, or everyone may read it.
    pub fn read(file: &Path, insecure_dev: bool) -> Result<Self, SigningKeyError> {
        let read = || -> Result<Self, Problem> {
            let content = GuardedFile::read(file)?;
            let key = Self::ed25519(content.bytes())?;
            content.is_secret(insecure_dev)?;
            Ok(key)
        };
        read().map_err(|problem| SigningKeyError { file: file.to_owned(), problem })
    }

    /// `EdDSA` with the Ed25519 private key in `pkcs8`, which is PEM or DER.
    ///
    /// # Errors
    ///
    /// [`BadKey::NotASigningKey`].
    pub fn ed25519(pkcs8: &[u8]) -> Result<Self, BadKey> {
        let pem = pkcs8.trim_ascii_start();
        let pair = if pem.starts_with(b"-----BEGIN") {
            let key = EncodingKey::from_ed_pem(pem).map_err(|_| BadKey::NotASigningKey)?;
            Ed25519KeyPair::from_pkcs8(key.as_bytes())
        } else {
            Ed25519KeyPair::from_pkcs8(pkcs8)
        };
        let pair = pair.map_err(|_| BadKey::NotASigningKey)?;
        let verifier = VerifyingKey::ed25519(pair.public_key().as_ref());
        Ok(Self { signer: Signer::EdDsa(Box::new(pair)), verifier })
    }
}

impl Signer {
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hs256(_) => Algorithm::Hs256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The signature's bytes. By aws-lc itself, the library below jsonwebtoken: the keys are read
    /// already, so there is nothing left that could fail.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OwnKey({}, …)", self.signer.algorithm().name())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signer({}, …)", self.algorithm().name())
    }
}
