//! S12: headers that lie about the algorithm, the key, or the purpose.

use super::*;
use rstest::rstest;

#[rstest]
#[case::none("none")]
#[case::none_capital("None")]
#[case::none_upper("NONE")]
#[case::none_mixed("nOnE")]
#[case::empty("")]
#[case::stronger("HS512")]
#[case::lower("hs256")]
#[case::space("HS256 ")]
#[case::nul("HS256\0")]
#[case::public_key("RS256")]
#[case::encryption("dir")]
fn s12_an_algorithm_but_the_issuers_is_refused(#[case] alg: &str) {
    let token = hs_header(&json!({"alg": alg}));
    refuses(&token, InvalidToken::WrongAlgorithm);

    let (message, _) = token.rsplit_once('.').unwrap();
    refuses(&format!("{message}."), InvalidToken::WrongAlgorithm);
}

#[rstest]
#[case::rs_pem("https://rs-pem.example", KEYS.rsa_pem().into_bytes())]
#[case::rs_der("https://rs.example", KEYS.rsa.public_key().as_ref().to_vec())]
#[case::es_pem("https://es.example", KEYS.ec_pem().into_bytes())]
#[case::es_point("https://es.example", KEYS.ec.public_key().as_ref().to_vec())]
#[case::ed_pem("https://ed.example", KEYS.ed_pem().into_bytes())]
#[case::ed_bytes("https://ed.example", KEYS.ed.public_key().as_ref().to_vec())]
#[case::nothing("https://es.example", vec![])]
fn s12_a_public_key_is_never_an_hmac_secret(#[case] iss: &str, #[case] public: Vec<u8>) {
    for kid in [None, Some("one")] {
        let header = with(json!({"alg": "HS256"}), &json!({"kid": kid}));
        refuses(&sign(&header, &claims(iss), By::Hs(&public)), InvalidToken::WrongAlgorithm);
    }
    // Nor with the algorithm's right name over a MAC.
    for alg in ["RS256", "ES256", "EdDSA"] {
        let token = sign(&json!({"alg": alg, "kid": "one"}), &claims(iss), By::Hs(&public));
        assert!(tokens().verify(&token, NOW).is_err());
    }
}

#[rstest]
#[case::algorithm_twice(r#"{"alg":"none","alg":"HS256"}"#)]
#[case::no_algorithm(r#"{"typ":"JWT"}"#)]
#[case::null_algorithm(r#"{"alg":null}"#)]
#[case::several_algorithms(r#"{"alg":["HS256"]}"#)]
#[case::number_key(r#"{"alg":"HS256","kid":1}"#)]
#[case::several_types(r#"{"alg":"HS256","typ":["JWT"]}"#)]
#[case::array(r#"["HS256"]"#)]
#[case::nothing("")]
#[case::not_json("HS256")]
fn s12_a_header_that_is_none_is_refused(#[case] header: &str) {
    let claims = claims("https://hs.example").to_string();
    refuses(&sign_text(header, &claims, By::Hs(SHARED)), InvalidToken::Malformed);
}

#[rstest]
#[case::unknown(json!({"crit": ["exp"], "exp": 1}))]
#[case::empty(json!({"crit": []}))]
#[case::not_a_list(json!({"crit": "b64"}))]
#[case::unencoded(json!({"crit": ["b64"], "b64": false}))]
#[case::unencoded_unannounced(json!({"b64": false}))]
#[case::encoded(json!({"b64": true}))]
fn s12_a_demanded_extension_is_refused(#[case] changes: Value) {
    refuses(&hs_header(&changes), InvalidToken::Extension);
}

#[test]
fn s12_a_null_crit_is_a_crit() {
    let claims = claims("https://hs.example").to_string();
    let token = sign_text(r#"{"alg":"HS256","crit":null}"#, &claims, By::Hs(SHARED));
    refuses(&token, InvalidToken::Extension);
}

#[rstest]
#[case("secevent+jwt")]
#[case("logout+jwt")]
#[case("dpop+jwt")]
#[case("JWE")]
#[case("")]
#[case("JWT ")]
#[case("application/application/jwt")]
fn s12_a_token_for_another_purpose_is_refused(#[case] typ: &str) {
    refuses(&hs_header(&json!({"typ": typ})), InvalidToken::WrongType);
}

#[rstest]
#[case::path("../../../../dev/null")]
#[case::absolute("/proc/self/environ")]
#[case::address("https://evil.example/keys")]
#[case::query("one' UNION SELECT 'key")]
#[case::command("|id")]
#[case::empty("")]
#[case::other_case("ONE")]
#[case::nul("one\0")]
fn s12_a_kid_chooses_among_known_keys_and_does_nothing_else(#[case] kid: &str) {
    let header = json!({"alg": "RS256", "kid": kid});
    refuses(
        &sign(&header, &claims("https://rs.example"), By::Rs(&KEYS.rsa)),
        InvalidToken::UnknownKey,
    );
}

#[test]
fn s12_of_several_keys_none_is_tried_without_a_kid_and_the_named_one_only() {
    let claims = claims("https://rs.example");
    refuses(&sign(&json!({"alg": "RS256"}), &claims, By::Rs(&KEYS.rsa)), InvalidToken::UnknownKey);
    let header = json!({"alg": "RS256", "kid": "two"});
    refuses(&sign(&header, &claims, By::Rs(&KEYS.rsa)), InvalidToken::BadSignature);
}

#[test]
fn s12_a_key_that_comes_with_the_token_proves_nothing() {
    let jwk = rsa_jwk(&KEYS.rsa_other, "one");
    for members in [
        json!({"jwk": jwk}),
        json!({"jku": "https://evil.example/jwks.json"}),
        json!({"jku": "file:///etc/passwd"}),
        json!({"x5u": "http://169.254.169.254/"}),
        json!({"x5c": ["MIIB"], "x5t": "AA", "x5t#S256": "AA"}),
    ] {
        let header = with(json!({"alg": "RS256", "kid": "one"}), &members);
        let token = sign(&header, &claims("https://rs.example"), By::Rs(&KEYS.rsa_other));
        refuses(&token, InvalidToken::BadSignature);
    }
}
