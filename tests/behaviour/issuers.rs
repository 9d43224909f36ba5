//! S12: tokens of other systems, as they arrive over HTTP.

use super::support::{Answer, App};
use afterclick::clock::{Clock, SystemClock};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use rstest::rstest;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const SHARED: &str = "a-shared-secret-for-tests-only-0123456789";

/// Four other systems, one for each algorithm, and the file that names them.
struct Others {
    folder: TempDir,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

impl Others {
    fn draw() -> Self {
        let others = Self {
            folder: tempfile::tempdir().unwrap(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
        };
        let parts = RsaPublicKeyComponents::<Vec<u8>>::from(others.rsa.public_key());
        let rsa = json!({ "kty": "RSA", "kid": "one", "n": b64(parts.n), "e": b64(parts.e) });
        let pem = |key: PublicKeyX509Der<'_>| {
            let body = BASE64_STANDARD.encode(key.as_ref());
            format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
        };
        others.write("rsa.json", &json!({ "keys": [rsa] }).to_string());
        others.write("rsa.pem", &pem(others.rsa.public_key().as_der().unwrap()));
        others.write("ec.pem", &pem(others.ec.public_key().as_der().unwrap()));
        others.write("ed.pem", &pem(others.ed.public_key().as_der().unwrap()));
        let issuer = |name: &str, algorithm: &str, key: &str| {
            let iss = format!("https://{name}.example");
            format!(
                "[[issuer]]\niss = \"{iss}\"\naud = \"app\"\nalgorithm = \"{algorithm}\"\n{key}\n"
            )
        };
        let toml = [
            issuer("hs", "HS256", &format!("secret = \"{SHARED}\"\ntenant = \"acme\"")),
            issuer("rs", "RS256", "jwks_file = \"rsa.json\""),
            issuer("pem", "RS256", "pem_file = \"rsa.pem\""),
            issuer("es", "ES256", "pem_file = \"ec.pem\""),
            issuer("ed", "EdDSA", "pem_file = \"ed.pem\""),
        ];
        others.write("issuers.toml", &toml.concat());
        others
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    async fn app(&self) -> App {
        App::with(&["--issuers", self.folder.path().join("issuers.toml").to_str().unwrap()]).await
    }

    /// A token of the issuer `name`, with these claims over good ones; signed as `algorithm` is.
    fn token(&self, name: &str, algorithm: &str, changes: &Value) -> String {
        let now = SystemClock::default().now().0 / 1_000_000;
        let mut claims = json!({
            "iss": format!("https://{name}.example"), "aud": "app", "sub": "auth0|ana:1",
            "iat": now, "exp": now + 600, "email": "Ana@Example.com", "email_verified": true,
        });
        for (claim, value) in changes.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        let header = json!({ "alg": algorithm, "typ": "JWT" }).to_string();
        let message = format!("{}.{}", b64(header), b64(claims.to_string()));
        let (bytes, random) = (message.as_bytes(), SystemRandom::new());
        let signature = match algorithm {
            "HS256" => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SHARED.as_bytes());
                hmac::sign(&key, bytes).as_ref().to_vec()
            }
            "RS256" => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                signature
            }
            "ES256" => self.ec.sign(&random, bytes).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed.sign(bytes).as_ref().to_vec(),
            _ => Vec::new(),
        };
        format!("{message}.{}", b64(signature))
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

async fn me(app: &App, token: &str) -> Answer {
    app.device().with_bearer(token).get("/v1/me").await
}

#[rstest]
#[case::secret("hs", "HS256")]
#[case::key_set("rs", "RS256")]
#[case::rsa_file("pem", "RS256")]
#[case::ec_file("es", "ES256")]
#[case::ed_file("ed", "EdDSA")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_another_system_is_made_at_first_sight(
    #[case] name: &str,
    #[case] algorithm: &str,
) {
    let others = Others::draw();
    let app = others.app().await;
    let token = others.token(name, algorithm, &json!({}));

    let user = me(&app, &token).await.expect(200).body;

    assert_eq!((&user["id"], &user["email"]), (&json!("auth0|ana:1"), &json!("Ana@Example.com")));
    assert_eq!(user["email_verified"], true);
    let mut stream = app.device().with_bearer(&token).listen().await;
    assert_eq!(stream.expect("snapshot").await.data["user"], user);
    let later = json!({ "email": "other@example.com", "email_verified": false });
    let again = me(&app, &others.token(name, algorithm, &later)).await.expect(200).body;
    assert_eq!(again, user, "claims count at first sight only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_was_removed_is_met_again_by_a_later_token() {
    let others = Others::draw();
    let app = others.app().await;
    let first = me(&app, &others.token("hs", "HS256", &json!({}))).await.expect(200).body;
    app.backend("acme").delete("/v1/users/auth0%7Cana:1").await.expect(204);

    let micros = SystemClock::default().now().0;
    let at = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let at: Value = serde_json::from_str(&at).unwrap();
    let again = me(&app, &others.token("hs", "HS256", &json!({ "iat": at }))).await.expect(200);

    assert_eq!(again.body["id"], first["id"]);
    assert_ne!(again.body["cursor"], first["cursor"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_a_token_that_is_not_good_is_401() {
    let others = Others::draw();
    let app = others.app().await;
    let good = others.token("hs", "HS256", &json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let past = 1_700_000_000;
    let mut refused = vec![
        ("alg of another issuer", others.token("hs", "EdDSA", &json!({}))),
        ("HMAC by a public key", others.token("rs", "HS256", &json!({}))),
        ("none", others.token("hs", "none", &json!({}))),
        ("no signature", format!("{message}.")),
        ("cut", format!("{message}.{}", &signature[1..])),
        ("three dots", format!("{good}.x")),
        ("nothing", String::new()),
    ];
    for (what, changes) in [
        ("expired", json!({ "iat": past, "exp": past + 600 })),
        ("an unknown issuer", json!({ "iss": "https://evil.example" })),
        ("foreign", json!({ "aud": "another app" })),
        ("no audience", json!({ "aud": null })),
        ("no subject", json!({ "sub": null })),
        ("no expiry", json!({ "exp": null })),
        ("not yet", json!({ "nbf": 4_000_000_000_i64 })),
        ("a number", json!({ "sub": 1 })),
        ("a path", json!({ "sub": "a/b" })),
        ("a space", json!({ "sub": "a b" })),
        ("a line", json!({ "sub": "a\nb" })),
        ("letters of elsewhere", json!({ "sub": "änä" })),
        ("nobody", json!({ "sub": "" })),
        ("dots", json!({ "sub": ".." })),
        ("long", json!({ "sub": "x".repeat(129) })),
    ] {
        refused.push((what, others.token("hs", "HS256", &changes)));
    }

    for (what, token) in refused {
        let answer = me(&app, &token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        let answer = answer.expect_problem(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        assert!(!answer.text.contains("example"), "{what}: {}", answer.text);
        app.device().with_bearer(&token).get("/v1/stream").await.expect(401);
        app.device().with_bearer(&token).get("/v1/poll").await.expect(401);
    }
    me(&app, &good).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_name_in_two_tenants_is_two_users() {
    let others = Others::draw();
    let app = others.app().await;
    let (acme, own) =
        (others.token("hs", "HS256", &json!({})), others.token("ed", "EdDSA", &json!({})));
    me(&app, &own).await.expect(200);
    let mut stream = app.device().with_bearer(&acme).listen().await;
    stream.expect("snapshot").await;

    for (tenant, step) in [("default", 1), ("acme", 2)] {
        let event = json!({ "type": "kyc.updated", "data": { "step": step } });
        let backend = app.backend(tenant);
        backend.post("/v1/users/auth0%7Cana:1/events", &event).await.expect(201);
    }

    assert_eq!(stream.expect("kyc.updated").await.data["user"]["kyc"]["step"], 2);
    assert_eq!(me(&app, &own).await.body["kyc"]["step"], 1);
    assert_eq!(me(&app, &acme).await.body["kyc"]["step"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimed_address_that_another_verified_becomes_null() {
    let others = Others::draw();
    let app = others.app().await;
    app.signed_up("ana@example.com").await;
    app.device().press(&app.link("ana@example.com").await).await.expect(200);

    let user = me(&app, &others.token("ed", "EdDSA", &json!({}))).await.expect(200).body;

    assert_eq!((&user["email"], &user["email_verified"]), (&Value::Null, &json!(false)));
}
