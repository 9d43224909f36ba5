//! Tokens as issuers make them, and as attackers do.

mod accepted;
mod claims;
mod forms;
mod headers;
mod recalled;

use super::*;
use crate::accounts::issuers::{Algorithm, Keys, VerifyingKey};
use crate::model::{Micros, ServerSecret, SessionId, UserRef};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{hmac, signature};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// When everything here happens.
const NOW: Micros = Micros(1_800_000_000_250_000);
/// The same, as a token says it.
const NOW_S: i64 = 1_800_000_000;

const OWN: &str = "https://afterclick.example";
const AUD: &str = "https://afterclick.example/api";

/// The secret of the issuer `https://hs.example`.
const SHARED: &[u8] = b"a-shared-secret-for-tests-only-0123456789";

/// One key pair of each kind, drawn once for all tests of the process.
static KEYS: LazyLock<TestKeys> = LazyLock::new(TestKeys::draw);

struct TestKeys {
    rsa: RsaKeyPair,
    rsa_other: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

impl TestKeys {
    fn draw() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            rsa_other: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
        }
    }

    fn rsa_pem(&self) -> String {
        let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(self.rsa.public_key());
        pem("PUBLIC KEY", der.unwrap().as_ref())
    }

    fn ec_pem(&self) -> String {
        let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(self.ec.public_key());
        pem("PUBLIC KEY", der.unwrap().as_ref())
    }

    fn ed_pem(&self) -> String {
        let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(self.ed.public_key());
        pem("PUBLIC KEY", der.unwrap().as_ref())
    }

    fn rsa_jwk(&self, kid: &str) -> Value {
        rsa_jwk(&self.rsa, kid)
    }

    fn ec_jwk(&self, kid: &str) -> Value {
        let (x, y) = self.ec.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(x), "y": b64(y)})
    }

    fn ed_jwk(&self, kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(self.ed.public_key().as_ref())})
    }
}

fn rsa_jwk(pair: &RsaKeyPair, kid: &str) -> Value {
    let parts = signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": b64(parts.n), "e": b64(parts.e)})
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Us, and one external issuer of each algorithm; `https://rs.example` has a set of two keys.
fn tokens() -> Tokens {
    let own = OwnIssuer {
        iss: OWN.into(),
        aud: AUD.into(),
        key: OwnKey::derived(&ServerSecret::new(&[7; 32])),
    };
    let set = json!({"keys": [KEYS.rsa_jwk("one"), rsa_jwk(&KEYS.rsa_other, "two")]}).to_string();
    let issuers = vec![
        issuer("https://hs.example", Keys::one(VerifyingKey::shared(SHARED).unwrap())),
        issuer("https://rs.example", Keys::jwks(Algorithm::Rs256, set.as_bytes()).unwrap()),
        issuer("https://rs-pem.example", pem_keys(Algorithm::Rs256, &KEYS.rsa_pem())),
        issuer("https://es.example", pem_keys(Algorithm::Es256, &KEYS.ec_pem())),
        issuer("https://ed.example", pem_keys(Algorithm::EdDsa, &KEYS.ed_pem())),
    ];
    Tokens::new(own, issuers)
}

fn pem_keys(algorithm: Algorithm, pem: &str) -> Keys {
    Keys::one(VerifyingKey::pem(algorithm, pem.as_bytes()).unwrap())
}

fn issuer(iss: &str, keys: Keys) -> Issuer {
    let audiences = vec!["app".to_owned(), "app-2".to_owned()];
    Issuer { iss: iss.into(), audiences, keys: keys.into(), tenant: "acme".parse().unwrap() }
}

/// Claims with which a token of `iss` is good.
fn claims(iss: &str) -> Value {
    json!({"iss": iss, "aud": "app", "sub": "ana", "iat": NOW_S - 60, "exp": NOW_S + 600})
}

/// `object` with `changes` laid over it; `null` removes.
fn with(mut object: Value, changes: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

/// What signs a test's token.
#[derive(Clone, Copy)]
enum By<'a> {
    Hs(&'a [u8]),
    Rs(&'a RsaKeyPair),
    Es,
    Ed,
}

/// A token of `header` and `claims` as they stand, signed.
fn sign(header: &Value, claims: &Value, by: By<'_>) -> String {
    sign_text(&header.to_string(), &claims.to_string(), by)
}

/// The same of texts, which need not be JSON.
fn sign_text(header: &str, claims: &str, by: By<'_>) -> String {
    sign_parts(&b64(header), &b64(claims), by)
}

/// The same of parts, which need not be base64url.
fn sign_parts(header: &str, claims: &str, by: By<'_>) -> String {
    let message = format!("{header}.{claims}");
    let bytes = message.as_bytes();
    let signature = match by {
        By::Hs(key) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec(),
        By::Rs(pair) => {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).unwrap();
            signature
        }
        By::Es => KEYS.ec.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
        By::Ed => KEYS.ed.sign(bytes).as_ref().to_vec(),
    };
    format!("{message}.{}", b64(signature))
}

/// A good token of the HS256 issuer with other claims.
fn hs(changes: &Value) -> String {
    let claims = with(claims("https://hs.example"), changes);
    sign(&json!({"alg": "HS256", "typ": "JWT"}), &claims, By::Hs(SHARED))
}

/// A good token of the HS256 issuer with other header members.
fn hs_header(changes: &Value) -> String {
    let header = with(json!({"alg": "HS256", "typ": "JWT"}), changes);
    sign(&header, &claims("https://hs.example"), By::Hs(SHARED))
}

fn ana(tenant: &str) -> UserRef {
    UserRef { tenant: tenant.parse().unwrap(), id: "ana".parse().unwrap() }
}

/// Checks that `token` is refused, and why.
#[track_caller]
fn refuses(token: &str, reason: InvalidToken) {
    assert_eq!(tokens().verify(token, NOW), Err(reason));
}
