//! A token that is believed says what is believed of it, is signed by whom it names, and is in its
//! time; without a key nobody makes one.
//!
//! The input is a byte that chooses the key, a header, and after a line break the claims.
#![no_main]

use afterclick::accounts::issuers::{Issuer, Keys, VerifyingKey};
use afterclick::accounts::tokens::{OwnIssuer, OwnKey, Tokens};
use afterclick::model::{Micros, ServerSecret, TenantName};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const NOW: i64 = 1_800_000_000;
const SHARED: &[u8] = b"a-shared-secret-for-fuzzing-0123456789";
const OURS: &str = "https://a.example";
const THEIRS: &str = "https://b.example";

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let key = OwnKey::derived(&secret());
    let own = OwnIssuer { iss: OURS.to_owned(), aud: "app".to_owned(), key };
    let keys = Keys::one(VerifyingKey::shared(SHARED).expect("long enough")).into();
    let tenant: TenantName = "acme".parse().expect("a name");
    let issuer = Issuer { iss: THEIRS.to_owned(), audiences: vec!["app".to_owned()], keys, tenant };
    Tokens::new(own, vec![issuer])
});

fn secret() -> ServerSecret {
    ServerSecret::new(&[7; 32])
}

fuzz_target!(|input: &[u8]| {
    let now = Micros::from_seconds(NOW);
    let as_it_is = String::from_utf8_lossy(input);
    assert!(TOKENS.verify(&as_it_is, now).is_err(), "nobody signed it");
    let Some((by, rest)) = input.split_first() else { return };
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let (header, claims) = (&rest[..end], &rest[end + 1..]);
    let ours = secret().derive("access-token", b"");
    let (signer, key): (_, &[u8]) = match by % 3 {
        0 => (Some(OURS), &ours),
        1 => (Some(THEIRS), SHARED),
        _ => (None, b"another-secret-than-any-that-is-known"),
    };
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let message = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let token = format!("{message}.{}", encode(hmac::sign(&key, message.as_bytes()).as_ref()));

    let Ok(verified) = TOKENS.verify(&token, now) else { return };

    let (header, claims) = (members(header), members(claims));
    assert!(
        header["alg"] == "HS256" && header.get("crit").is_none() && header.get("b64").is_none()
    );
    assert_eq!(claims["iss"].as_str(), signer);
    let app = Value::from("app");
    assert!(claims["aud"] == app || claims["aud"].as_array().is_some_and(|all| all.contains(&app)));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let now = NOW as f64;
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > now - 10.001));
    for ahead in ["nbf", "iat"] {
        assert!(claims[ahead].as_f64().is_none_or(|date| date < now + 10.001), "{ahead}");
        assert!(claims.get(ahead).is_none_or(Value::is_number), "{ahead}");
    }
    assert_eq!(claims["sub"].as_str(), Some(verified.user.id.as_str()));
    assert_eq!(verified.own, signer == Some(OURS));
    let tenant = if verified.own { claims["tid"].as_str() } else { Some("acme") };
    assert_eq!(tenant, Some(verified.user.tenant.as_str()));
    assert!(!verified.own || verified.claims_email.is_none());

    // The same with any letter of the signature gone.
    let (_, cut) = token.split_at(1);
    assert!(TOKENS.verify(cut, Micros::from_seconds(NOW)).is_err());
    assert!(TOKENS.verify(&token[..token.len() - 1], Micros::from_seconds(NOW)).is_err());
});

/// The members that can be read. In one that nobody looks at a number may be larger than any that can.
fn members(part: &[u8]) -> Value {
    let all: BTreeMap<String, &RawValue> = serde_json::from_slice(part).expect("it was read");
    let readable = |(name, text): (String, &RawValue)| {
        Some((name, serde_json::from_str::<Value>(text.get()).ok()?))
    };
    Value::Object(all.into_iter().filter_map(readable).collect())
}
