//! S26: what an issuers' file may not say, and that no refusal tells a secret.

use super::*;
use crate::accounts::tokens::{OwnIssuer, OwnKey, Tokens};
use crate::model::ServerSecret;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};
use base64::prelude::{BASE64_STANDARD, Engine};
use rstest::rstest;
use std::fs;
use tempfile::TempDir;

const OWN: &str = "https://afterclick.example";

/// A secret that would be taken, and that no refusal may show.
const SECRET: &str = "kept-0123456789-abcdef-0123456789-kept";

/// A public key of 1024 bits, made for this test with openssl.
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDDJ/xkIkYyMPTaYV6RzcaUN/eE
2eTfTB3Oeh4A7r4/H0ewlmihiURZE2xJxfVibk3YqZDvLLzzeJxqJwVt/sp/9SQt
n298dtb3I6tCXTw0MaXlkKLrL9M3tgWtEg03i4bMvSGQkhO8CVvbxpaac85P58Pb
rIiEL26yb6PDkgq7XQIDAQAB
-----END PUBLIC KEY-----
";

/// The modulus of the same.
const RSA_1024_N: &str = "wyf8ZCJGMjD02mFekc3GlDf3hNnk30wdznoeAO6-Px9HsJZooYlEWRNsScX1Ym5N2KmQ7yy883icaicFbf7Kf_UkLZ9vfHbW9yOrQl08NDGl5ZCi6y_TN7YFrRINN4uGzL0hkJITvAlb28aWmnPOT-fD26yIhC9usm-jw5IKu10";

/// A folder with `issuers.toml` of this content, mode 0600, and key files beside it.
fn folder(toml: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let weak = format!(r#"{{"kty": "RSA", "kid": "a", "n": "{RSA_1024_N}", "e": "AQAB"}}"#);
    write("issuers.toml", toml);
    write("ed.pem", &pem(AsDer::<PublicKeyX509Der<'_>>::as_der(ed.public_key()).unwrap().as_ref()));
    write("ec.pem", &pem(AsDer::<PublicKeyX509Der<'_>>::as_der(ec.public_key()).unwrap().as_ref()));
    let curve = AsDer::<PublicKeyX509Der<'_>>::as_der(p384.public_key()).unwrap();
    write("p384.pem", &pem(curve.as_ref()));
    write("private.pem", &pem(&[48; 48]).replace("PUBLIC", "PRIVATE"));
    write("certificate.pem", &pem(&[48; 48]).replace("PUBLIC KEY", "CERTIFICATE"));
    write("rsa1024.pem", RSA_1024);
    write("weak.json", &format!(r#"{{"keys": [{weak}]}}"#));
    write("none.json", r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#);
    write("not.json", "[]");
    let x = r#""kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    write("twice.json", &format!(r#"{{"keys": [{{{x}, "kid": "a"}}, {{{x}, "kid": "a"}}]}}"#));
    write("unnamed.json", &format!(r#"{{"keys": [{{{x}, "kid": "a"}}, {{{x}}}]}}"#));
    write("good.json", &format!(r#"{{"keys": [{{{x}, "kid": "a"}}]}}"#));
    write("large.json", &" ".repeat(1024 * 1024 + 1));
    fs::create_dir(folder.path().join("folder")).unwrap();
    mode(&folder, 0o600);
    folder
}

fn pem(der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn mode(folder: &TempDir, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join("issuers.toml");
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

fn read_in(folder: &TempDir, insecure_dev: bool) -> Result<Vec<Issuer>, String> {
    let file = folder.path().join("issuers.toml");
    let issuers = read(&file, OWN, insecure_dev);
    issuers
        .map(|read| read.issuers)
        .map_err(|error| error.to_string().replace(&file.display().to_string(), "FILE"))
}

#[track_caller]
fn refusal(toml: &str) -> String {
    let line = read_in(&folder(toml), false).unwrap_err();
    assert!(!line.contains('\n') && !line.contains("kept"), "{line}");
    line
}

/// An issuer with these settings added to `iss` and `aud`.
fn with(settings: &str) -> String {
    format!("[[issuer]]\niss = \"https://a.example\"\naud = \"app\"\n{settings}\n")
}

#[test]
fn a_file_names_issuers_of_all_kinds() {
    let toml = [
        with(&format!("algorithm = \"HS256\"\nsecret = \"{SECRET}\"")),
        with("algorithm = \"ES256\"\npem_file = \"ec.pem\"\ntenant = \"acme\"")
            .replace("a.ex", "b.ex"),
        with("algorithm = \"EdDSA\"\njwks_file = \"good.json\"").replace("a.ex", "c.ex"),
        with("algorithm = \"EdDSA\"\npem_file = \"ed.pem\"")
            .replace("a.ex", "d.ex")
            .replace("\"app\"", "[\"app\", \"other\"]"),
    ]
    .concat();

    let issuers = read_in(&folder(&toml), false).unwrap();

    let seen: Vec<_> = issuers
        .iter()
        .map(|one| {
            (one.iss.as_str(), one.keys.algorithm(), one.tenant.as_str(), one.audiences.len())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("https://a.example", Algorithm::Hs256, "default", 1),
            ("https://b.example", Algorithm::Es256, "acme", 1),
            ("https://c.example", Algorithm::EdDsa, "default", 1),
            ("https://d.example", Algorithm::EdDsa, "default", 2),
        ]
    );
    let key = OwnKey::derived(&ServerSecret::new(&[7; 32]));
    let _ = Tokens::new(OwnIssuer { iss: OWN.into(), aud: OWN.into(), key }, issuers);
}

#[rstest]
#[case("", "FILE: has no [[issuer]]")]
#[case("issuer = \"kept\"", "FILE: has no [[issuer]]")]
#[case("issuer = [\"kept\"]", "FILE: an issuer is written as [[issuer]]")]
#[case(
    "issuers = 1",
    "FILE: unknown setting \"issuers\"; an [[issuer]] has iss, aud, algorithm, secret, pem_file, jwks_file, jwks_url, private, tenant"
)]
#[case("\n[[issuer]]\nsecret = kept", "FILE: line 3 is not TOML")]
#[case("[[issuer]]\niss = \"a\"\niss = \"b\"\nsecret = \"kept\"", "FILE: line 3 is not TOML")]
#[case("[[issuer]]\naud = \"app\"", "FILE: issuer #1: iss: is missing")]
#[case("[[issuer]]\niss = 7\naud = \"app\"", "FILE: issuer #1: iss: is not a string")]
#[case(
    "[[issuer]]\niss = \"https://a.example\"",
    "FILE: issuer \"https://a.example\": aud: is missing"
)]
#[case(
    "[[issuer]]\niss = \"https://a.example\"\naud = []",
    "FILE: issuer \"https://a.example\": aud: is an empty list"
)]
#[case(
    "[[issuer]]\niss = \"https://a.example\"\naud = [\"app\", 1]",
    "FILE: issuer \"https://a.example\": aud: is not a list of strings"
)]
#[case(
    "[[issuer]]\niss = \"a\\nb\"\naud = \"app\"",
    "FILE: issuer \"a\\nb\": iss: is empty, longer than 1024 bytes, or has control characters"
)]
fn a_file_of_another_shape_is_refused(#[case] toml: &str, #[case] line: &str) {
    assert_eq!(refusal(toml), line);
}

#[rstest]
#[case("", "algorithm: is missing")]
#[case("algorithm = \"none\"", "algorithm: is one of HS256, RS256, ES256, EdDSA")]
#[case("algorithm = \"hs256\"", "algorithm: is one of HS256, RS256, ES256, EdDSA")]
#[case("algorithm = [\"HS256\", \"RS256\"]", "algorithm: is not a string")]
#[case("algorithm = \"RS256\"", "needs exactly one of secret, pem_file, jwks_file, jwks_url")]
#[case(
    "algorithm = \"HS256\"\nsecret = \"@\"\npem_file = \"ec.pem\"",
    "needs exactly one of secret, pem_file, jwks_file, jwks_url"
)]
#[case(
    "algorithm = \"RS256\"\nsecret = \"@\"",
    "secret: does not fit: HS256 takes a secret, the others a key file"
)]
#[case(
    "algorithm = \"HS256\"\npem_file = \"ec.pem\"",
    "pem_file: does not fit: HS256 takes a secret, the others a key file"
)]
#[case("algorithm = \"HS256\"\nsecret = 12345678901234567", "secret: is not a string")]
#[case(
    "algorithm = \"HS256\"\nsecret = \"kept-0123456789-0123456789-kept\"",
    "secret: has fewer than 32 bytes"
)]
#[case(
    "algorithm = \"HS256\"\nsecret = \"keptkeptkeptkeptkeptkeptkeptkept\"",
    "secret: repeats a few characters, which is guessed at once"
)]
#[case(
    "algorithm = \"HS256\"\nsecret = \"@\"\ntenant = \"Acme\"",
    "tenant: is 1 to 32 characters of a-z, 0-9, and -"
)]
#[case(
    "algorithm = \"HS256\"\nsecret = \"@\"\nleeway = 5",
    "unknown setting \"leeway\"; an [[issuer]] has iss, aud, algorithm, secret, pem_file, jwks_file, jwks_url, private, tenant"
)]
#[case(
    "algorithm = \"HS256\"\njwks_url = \"https://a.example/jwks\"",
    "jwks_url: does not fit: HS256 takes a secret, the others a key file"
)]
#[case("algorithm = \"RS256\"\njwks_url = \"http://a.example/jwks\"", "jwks_url: is not https")]
#[case("algorithm = \"RS256\"\njwks_url = \"http://127.0.0.1/jwks\"", "jwks_url: is not https")]
#[case(
    "algorithm = \"RS256\"\njwks_url = \"file:///etc/kept\"",
    "jwks_url: is not a plain https://HOST/PATH"
)]
#[case("algorithm = \"RS256\"\njwks_url = \"a.example/jwks\"", "jwks_url: is not a URL")]
#[case(
    "algorithm = \"RS256\"\njwks_url = \"https://169.254.169.254/jwks\"",
    "jwks_url: is a private address: allow it with private = true"
)]
#[case(
    "algorithm = \"RS256\"\njwks_url = \"https://[::ffff:10.0.0.1]/jwks\"",
    "jwks_url: is a private address: allow it with private = true"
)]
#[case(
    "algorithm = \"RS256\"\njwks_url = \"https://2130706433/jwks\"",
    "jwks_url: is a private address: allow it with private = true"
)]
#[case(
    "algorithm = \"RS256\"\njwks_url = \"https://10.0.0.1/jwks\"\nprivate = 1",
    "private: is true or false"
)]
#[case(
    "algorithm = \"RS256\"\npem_file = \"missing\"",
    "pem_file: cannot be read: entity not found"
)]
#[case("algorithm = \"RS256\"\npem_file = \"folder\"", "pem_file: is not a regular file")]
#[case("algorithm = \"RS256\"\njwks_file = \"large.json\"", "jwks_file: is larger than 1 MiB")]
#[case(
    "algorithm = \"RS256\"\npem_file = \"rsa1024.pem\"",
    "pem_file: is an RSA key of fewer than 2048 bits"
)]
#[case(
    "algorithm = \"RS256\"\njwks_file = \"weak.json\"",
    "jwks_file: is an RSA key of fewer than 2048 bits"
)]
#[case(
    "algorithm = \"RS256\"\njwks_file = \"none.json\"",
    "jwks_file: holds no key for this algorithm"
)]
#[case("algorithm = \"RS256\"\njwks_file = \"not.json\"", "jwks_file: is not a JSON Web Key Set")]
#[case(
    "algorithm = \"RS256\"\njwks_file = \"good.json\"",
    "jwks_file: holds no key for this algorithm"
)]
#[case(
    "algorithm = \"EdDSA\"\njwks_file = \"twice.json\"",
    "jwks_file: holds two keys of one kid, or several of which one has none"
)]
#[case(
    "algorithm = \"EdDSA\"\njwks_file = \"unnamed.json\"",
    "jwks_file: holds two keys of one kid, or several of which one has none"
)]
fn an_issuer_that_could_not_work_or_is_not_safe_is_refused(
    #[case] settings: &str,
    #[case] problem: &str,
) {
    let toml = with(&settings.replace('@', SECRET));

    let line = refusal(&toml);

    assert_eq!(line, format!("FILE: issuer \"https://a.example\": {problem}"));
}

#[rstest]
fn a_pem_file_is_a_public_key_of_the_algorithms_kind(
    #[values("RS256", "ES256", "EdDSA")] algorithm: &str,
    #[values("ed.pem", "ec.pem", "p384.pem", "private.pem", "certificate.pem", "not.json")]
    file: &str,
) {
    let toml = with(&format!("algorithm = \"{algorithm}\"\npem_file = \"{file}\""));
    if [("EdDSA", "ed.pem"), ("ES256", "ec.pem")].contains(&(algorithm, file)) {
        assert!(read_in(&folder(&toml), false).is_ok());
    } else {
        assert!(refusal(&toml).contains("pem_file: is not a PEM public key"));
    }
}

#[test]
fn an_issuer_is_named_once_and_is_not_ourselves() {
    let one = with(&format!("algorithm = \"HS256\"\nsecret = \"{SECRET}\""));

    assert_eq!(
        refusal(&one.repeat(2)),
        "FILE: issuer \"https://a.example\": iss: is in the file twice"
    );
    assert_eq!(
        refusal(&one.replace("https://a.example", OWN)),
        "FILE: issuer \"https://afterclick.example\": iss: is our own public URL"
    );
}

#[test]
fn s26_a_file_with_a_secret_is_not_for_everybody_to_read() {
    let secret = folder(&with(&format!("algorithm = \"HS256\"\nsecret = \"{SECRET}\"")));
    let public = folder(&with("algorithm = \"EdDSA\"\npem_file = \"ed.pem\""));

    for (bits, taken) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
        mode(&secret, bits);
        assert_eq!(read_in(&secret, false).is_ok(), taken, "{bits:o}");
        assert!(read_in(&secret, true).is_ok());
    }
    assert_eq!(
        read_in(&secret, false).unwrap_err(),
        "FILE: issuer \"https://a.example\": secret: holds a secret and may be read or written by \
         everyone: chmod 600 it"
    );
    mode(&public, 0o644);
    assert!(read_in(&public, false).is_ok());
}

#[test]
fn s26_a_signing_key_file_is_not_for_everybody_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("key.pem");
    let pair = Ed25519KeyPair::generate().unwrap();
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    fs::write(&file, pem(der.as_ref()).replace("PUBLIC", "PRIVATE")).unwrap();

    for (bits, taken) in [(0o600, true), (0o640, true), (0o644, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(bits)).unwrap();
        assert_eq!(OwnKey::read(std::slice::from_ref(&file), false).is_ok(), taken, "{bits:o}");
        assert!(OwnKey::read(std::slice::from_ref(&file), true).is_ok());
    }
    fs::write(&file, "not a key").unwrap();
    let line = OwnKey::read(std::slice::from_ref(&file), true).unwrap_err().to_string();
    assert!(line.starts_with(&file.display().to_string()) && !line.contains("not a key"), "{line}");
}
