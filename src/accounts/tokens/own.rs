use crate::accounts::issuers::{
    Algorithm, BadKey, GuardedFile, Keys, UnreadableFile, VerifyingKey,
};
use crate::model::ServerSecret;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::EncodingKey;
use std::fmt;
use std::path::PathBuf;

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

/// What our own access tokens are signed by, and the keys they are checked against: those that signed
/// before, and those that soon will, are among them.
pub struct OwnKey {
    pub(super) signer: Signer,
    pub(super) keys: Keys,
}

/// The half of the key that makes signatures.
pub(super) enum Signer {
    Hs256(Box<hmac::Key>),
    EdDsa { pair: Box<Ed25519KeyPair>, kid: String },
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
        Self { signer, keys: Keys::one(VerifyingKey::derived(&key)) }
    }

    /// `EdDSA` with the Ed25519 private key of the first PKCS #8 file, in PEM or DER, so that other
    /// services can check our tokens by the public key. Tokens by the keys of the other files count
    /// too: a new key is first named last, then first, and the old one is left out when its last
    /// token has expired. `None` for no files.
    ///
    /// `insecure_dev` lets the files be readable by everyone.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] where there is no such key in a file, or everyone may read it.
    pub fn read(files: &[PathBuf], insecure_dev: bool) -> Result<Option<Self>, SigningKeyError> {
        let read = |file: &PathBuf| -> Result<Ed25519KeyPair, Problem> {
            let content = GuardedFile::read(file)?;
            let pair = pair(content.bytes())?;
            content.is_secret(insecure_dev)?;
            Ok(pair)
        };
        let read = |file: &PathBuf| {
            read(file).map_err(|problem| SigningKeyError { file: file.clone(), problem })
        };
        let pairs = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(pairs))
    }

    /// `EdDSA` with the Ed25519 private key in `pkcs8`, which is PEM or DER.
    ///
    /// # Errors
    ///
    /// [`BadKey::NotASigningKey`].
    pub fn ed25519(pkcs8: &[u8]) -> Result<Self, BadKey> {
        Self::of(vec![pair(pkcs8)?]).ok_or(BadKey::NotASigningKey)
    }

    /// The first signs.
    fn of(pairs: Vec<Ed25519KeyPair>) -> Option<Self> {
        let mut keys: Vec<(Option<String>, VerifyingKey)> = Vec::new();
        for pair in &pairs {
            let key = VerifyingKey::ed25519(pair.public_key().as_ref());
            let kid = Some(key.thumbprint().to_owned());
            if !keys.iter().any(|(known, _)| *known == kid) {
                keys.push((kid, key));
            }
        }
        let kid = keys.first().and_then(|(kid, _)| kid.clone())?;
        let pair = Box::new(pairs.into_iter().next()?);
        let keys = Keys::set(Algorithm::EdDsa, keys);
        Some(Self { signer: Signer::EdDsa { pair, kid }, keys })
    }
}

fn pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair, BadKey> {
    let pem = pkcs8.trim_ascii_start();
    let pair = if pem.starts_with(b"-----BEGIN") {
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| BadKey::NotASigningKey)?;
        Ed25519KeyPair::from_pkcs8(key.as_bytes())
    } else {
        Ed25519KeyPair::from_pkcs8(pkcs8)
    };
    pair.map_err(|_| BadKey::NotASigningKey)
}

impl Signer {
    /// The `kid` of the tokens it signs; `None` for a secret.
    pub(super) fn kid(&self) -> Option<&str> {
        match self {
            Self::Hs256(_) => None,
            Self::EdDsa { kid, .. } => Some(kid),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hs256(_) => Algorithm::Hs256,
            Self::EdDsa { .. } => Algorithm::EdDsa,
        }
    }

    /// The signature's bytes. By aws-lc itself, the library below jsonwebtoken: the keys are read
    /// already, so there is nothing left that could fail.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
            Self::EdDsa { pair, .. } => pair.sign(message).as_ref().to_vec(),
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
