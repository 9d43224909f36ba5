use super::*;
use rstest::rstest;
use std::time::Duration;

const QUARTER: Duration = Duration::from_mins(15);

#[test]
fn our_own_token_says_who_and_which_session_until_when() {
    let tokens = tokens();
    let session = SessionId::draw();
    let token = tokens.issue(&ana("default"), Some(session), QUARTER, NOW);

    let verified = tokens.verify(token.reveal(), NOW).unwrap();

    assert_eq!(verified.user, ana("default"));
    assert_eq!(verified.session, Some(session));
    assert_eq!(verified.issued_at, NOW);
    assert_eq!(verified.expires_at, Micros::from_seconds(NOW_S + 900));
    assert!(verified.own && verified.claims_email.is_none());
}

#[test]
fn our_own_token_holds_the_claims_of_the_contract_and_is_a_jwt_to_others() {
    let tokens = tokens();
    let token = tokens.issue(&ana("acme"), None, QUARTER, NOW);

    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&[AUD]);
    validation.set_issuer(&[OWN]);
    validation.validate_exp = false;
    let key = ServerSecret::new(&[7; 32]).derive("access-token", b"");
    let key = jsonwebtoken::DecodingKey::from_secret(&key);
    let read = jsonwebtoken::decode::<Value>(token.reveal(), &key, &validation).unwrap();

    assert_eq!(
        read.claims,
        json!({"iss": OWN, "aud": AUD, "sub": "ana", "tid": "acme", "iat": NOW_S,
            "iat_us": 250_000, "exp": NOW_S + 900})
    );
}

#[test]
fn our_own_token_ends_ten_seconds_after_its_time() {
    let tokens = tokens();
    let token = tokens.issue(&ana("default"), None, QUARTER, NOW);
    let end = Micros::from_seconds(NOW_S + 900);

    assert!(tokens.verify(token.reveal(), end.after(Duration::from_millis(9_999))).is_ok());
    assert_eq!(
        tokens.verify(token.reveal(), end.after(Duration::from_secs(10))),
        Err(InvalidToken::Expired)
    );
}

#[test]
fn a_signing_key_file_of_openssl_makes_tokens_that_its_public_key_checks() {
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&KEYS.ed).unwrap();
    for file in [pem("PRIVATE KEY", private.as_ref()).into_bytes(), private.as_ref().to_vec()] {
        let key = OwnKey::ed25519(&file).unwrap();
        let tokens = Tokens::new(OwnIssuer { iss: OWN.into(), aud: AUD.into(), key }, vec![]);

        let token = tokens.issue(&ana("default"), None, QUARTER, NOW);

        assert!(tokens.verify(token.reveal(), NOW).is_ok());
        let (message, signature) = token.reveal().rsplit_once('.').unwrap();
        let public = VerifyingKey::pem(Algorithm::EdDsa, KEYS.ed_pem().as_bytes()).unwrap();
        assert!(public.verifies(message.as_bytes(), signature));
    }
}

#[test]
fn what_is_no_signing_key_is_refused() {
    for file in [&b""[..], b"-----BEGIN", KEYS.ed_pem().as_bytes(), &[0x30; 48]] {
        assert!(OwnKey::ed25519(file).is_err());
    }
    let ec =
        AsDer::<aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_>>::as_der(&KEYS.ec.private_key());
    assert!(OwnKey::ed25519(ec.unwrap().as_ref()).is_err());
}

#[rstest]
#[case("HS256", "https://hs.example", By::Hs(SHARED), None)]
#[case("RS256", "https://rs.example", By::Rs(&KEYS.rsa), Some("one"))]
#[case("RS256", "https://rs.example", By::Rs(&KEYS.rsa_other), Some("two"))]
#[case("RS256", "https://rs-pem.example", By::Rs(&KEYS.rsa), Some("whatever"))]
#[case("ES256", "https://es.example", By::Es, None)]
#[case("EdDSA", "https://ed.example", By::Ed, None)]
fn external_issuers_are_believed_by_their_own_algorithm_and_key(
    #[case] alg: &str,
    #[case] iss: &str,
    #[case] by: By<'_>,
    #[case] kid: Option<&str>,
) {
    let header = with(json!({"alg": alg}), &json!({"kid": kid}));

    let verified = tokens().verify(&sign(&header, &claims(iss), by), NOW).unwrap();

    assert_eq!(verified.user, ana("acme"));
    assert_eq!(verified.issued_at, Micros::from_seconds(NOW_S - 60));
    assert!(!verified.own && verified.session.is_none());
}

#[test]
fn a_set_gives_each_algorithm_the_keys_that_fit_it() {
    let encrypts = with(rsa_jwk(&KEYS.rsa_other, "enc"), &json!({"use": "enc"}));
    let other = with(rsa_jwk(&KEYS.rsa_other, "ps"), &json!({"alg": "PS256"}));
    let wraps =
        with(rsa_jwk(&KEYS.rsa_other, "wrap"), &json!({"use": null, "key_ops": ["wrapKey"]}));
    let set = json!({"keys": [encrypts, other, wraps, KEYS.rsa_jwk("r"), KEYS.ec_jwk("e"), KEYS.ed_jwk("d"),
        {"kty": "oct", "k": b64(SHARED), "kid": "o"}, {"kty": "new", "kid": "n"}]});
    for (algorithm, alg, by, kid) in [
        (Algorithm::Rs256, "RS256", By::Rs(&KEYS.rsa), "r"),
        (Algorithm::Es256, "ES256", By::Es, "e"),
        (Algorithm::EdDsa, "EdDSA", By::Ed, "d"),
    ] {
        let keys = Keys::jwks(algorithm, set.to_string().as_bytes()).unwrap();
        let own = OwnIssuer {
            iss: OWN.into(),
            aud: AUD.into(),
            key: OwnKey::derived(&ServerSecret::new(&[7; 32])),
        };
        let tokens = Tokens::new(own, vec![issuer("https://set.example", keys)]);
        let claims = claims("https://set.example");

        for header in [json!({"alg": alg, "kid": kid}), json!({"alg": alg})] {
            assert!(tokens.verify(&sign(&header, &claims, by), NOW).is_ok(), "{header}");
        }
        for kid in ["enc", "ps", "wrap", "o", "n", ""] {
            let token = sign(&json!({"alg": alg, "kid": kid}), &claims, by);
            assert_eq!(tokens.verify(&token, NOW), Err(InvalidToken::UnknownKey), "{kid}");
        }
    }
    assert!(Keys::jwks(Algorithm::Hs256, set.to_string().as_bytes()).is_err());
}

#[rstest]
#[case::no_typ(json!({"typ": null}))]
#[case::jwt(json!({"typ": "jwt"}))]
#[case::access_token(json!({"typ": "at+jwt"}))]
#[case::access_token_in_full(json!({"typ": "application/AT+JWT"}))]
#[case::unknown_members(json!({"x-mine": [1, 2], "cty": "JWT"}))]
#[case::an_embedded_key_is_not_looked_at(json!({"jwk": {"kty": "oct", "k": "AA"}, "jku": "https://evil.example/"}))]
fn headers_of_honest_issuers_pass(#[case] changes: Value) {
    assert!(tokens().verify(&hs_header(&changes), NOW).is_ok());
}

#[rstest]
#[case::several_audiences(json!({"aud": ["other", "app-2"]}))]
#[case::expiry_with_a_fraction(json!({"exp": 1_800_000_000.5}))]
#[case::just_expired_by_our_clock(json!({"exp": NOW_S - 9}))]
#[case::just_issued_by_theirs(json!({"iat": NOW_S + 10, "nbf": NOW_S + 10}))]
#[case::foreign_claims_of_our_names(json!({"sid": {"a": 1}, "tid": 7, "iat_us": "x", "email": 5}))]
#[case::hostile_text_where_it_does_not_matter(json!({"name": "\r\n\0\u{2028}"}))]
#[case::pipes_and_colons(json!({"sub": "auth0|5f7c:9@x~y"}))]
fn claims_of_honest_issuers_pass(#[case] changes: Value) {
    assert!(tokens().verify(&hs(&changes), NOW).is_ok());
}

#[test]
fn a_token_that_does_not_say_its_age_counts_as_older_than_every_log_out() {
    let verified = tokens().verify(&hs(&json!({"iat": null})), NOW).unwrap();

    assert_eq!(verified.issued_at, Micros(0));
}

#[rstest]
#[case(json!({"email": "Ana@Example.com", "email_verified": true}), Some("ana@example.com"), true)]
#[case(json!({"email": "ana@example.com", "email_verified": "true"}), Some("ana@example.com"), true)]
#[case(json!({"email": "ana@example.com", "email_verified": 1}), Some("ana@example.com"), false)]
#[case(json!({"email": "ana@example.com"}), Some("ana@example.com"), false)]
#[case(json!({"email": "a\r\nBcc: b@example.com", "email_verified": true}), None, false)]
#[case(json!({"email": ["ana@example.com"], "email_verified": true}), None, false)]
#[case(json!({"email_verified": true}), None, false)]
fn an_issuers_word_on_the_address_is_taken_only_where_it_is_one(
    #[case] changes: Value,
    #[case] key: Option<&str>,
    #[case] said: bool,
) {
    let verified = tokens().verify(&hs(&changes), NOW).unwrap();

    assert_eq!(verified.claims_email.as_ref().map(crate::model::EmailAddress::key), key);
    assert_eq!(verified.email_verified, said);
}

#[test]
fn neither_tokens_nor_keys_show_in_debug_output() {
    let tokens = tokens();
    let token = tokens.issue(&ana("default"), None, QUARTER, NOW);

    let shown = format!("{tokens:?} {token:?}");

    assert!(!shown.contains(token.reveal()));
    assert!(!shown.contains("shared-secret") && !shown.contains("97, 45, 115"));
}
