//! Of a key set that an issuer serves only sound keys are taken, and they are what they were.
#![no_main]

use afterclick::accounts::issuers::{Algorithm, Keys};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|set: &[u8]| {
    assert!(Keys::jwks(Algorithm::Hs256, set).is_err(), "a secret in public");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let Ok(keys) = Keys::jwks(algorithm, set) else { continue };
        assert_eq!(keys.algorithm(), algorithm);
        let thumbprints: Vec<_> =
            keys.all().iter().map(|key| key.thumbprint().to_owned()).collect();
        assert!(thumbprints.iter().all(|thumbprint| thumbprint.len() == 43), "{thumbprints:?}");
        let public = keys.all().into_iter().enumerate().map(|(number, key)| {
            let mut key = serde_json::to_value(key.public().expect("a public key")).expect("JSON");
            key["kid"] = json!(number.to_string());
            key
        });
        let again = json!({ "keys": public.collect::<Vec<_>>() }).to_string();
        let again = Keys::jwks(algorithm, again.as_bytes()).expect("our own set");
        let same: Vec<_> = again.all().iter().map(|key| key.thumbprint().to_owned()).collect();
        assert_eq!(same, thumbprints);
        assert!(keys.all().iter().all(|key| !key.verifies(b"a message", "AAAA")));
    }
});
