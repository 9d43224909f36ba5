use super::Algorithm;
use super::keys::{BadKey, Keys, VerifyingKey};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a JSON Web Key Set (RFC 7517 §5) and keeps what fits `algorithm`.
    ///
    /// Keys that we cannot read (RFC 7517 §5), of another kind, for another algorithm, or for
    /// encryption are passed over, as sets commonly hold several; a weak key among those that fit
    /// spoils the set.
    ///
    /// # Errors
    ///
    /// [`BadKey`] where no key is left, or one that is left cannot be used.
    pub fn jwks(algorithm: Algorithm, text: &[u8]) -> Result<Self, BadKey> {
        let set: Set = serde_json::from_slice(text).map_err(|_| BadKey::NotAKeySet)?;
        let known = set.keys.into_iter().filter_map(|key| Jwk::deserialize(key).ok());
        let mut keys: Vec<(Option<String>, VerifyingKey)> = Vec::new();
        for jwk in known.filter(|jwk| fits(jwk, algorithm)) {
            let kid = jwk.common.key_id.clone();
            if keys.iter().any(|(known, _)| *known == kid || known.is_none() || kid.is_none()) {
                return Err(BadKey::AmbiguousKid);
            }
            let key = DecodingKey::from_jwk(&jwk).map_err(|_| BadKey::NotAPublicKey)?;
            keys.push((kid, VerifyingKey::checked(algorithm, key)?));
        }
        if keys.is_empty() { Err(BadKey::NoKeyFits) } else { Ok(Self::set(algorithm, keys)) }
    }
}

fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match (algorithm, &jwk.algorithm) {
        (Algorithm::Rs256, AlgorithmParameters::RSA(_)) => true,
        (Algorithm::Es256, AlgorithmParameters::EllipticCurve(key)) => {
            key.curve == EllipticCurve::P256
        }
        (Algorithm::EdDsa, AlgorithmParameters::OctetKeyPair(key)) => {
            key.curve == EllipticCurve::Ed25519
        }
        // A secret in a set that is served to everybody is none, so HS256 takes no set at all.
        _ => false,
    };
    let named = match (jwk.common.key_algorithm, algorithm) {
        (None, _)
        | (Some(KeyAlgorithm::RS256), Algorithm::Rs256)
        | (Some(KeyAlgorithm::ES256), Algorithm::Es256)
        | (Some(KeyAlgorithm::EdDSA), Algorithm::EdDsa) => true,
        (Some(_), _) => false,
    };
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|use_| *use_ == PublicKeyUse::Signature);
    let operations = common.key_operations.as_ref();
    kind && named && signs && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}
