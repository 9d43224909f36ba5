//! S12: hostile tokens. Each is refused for the reason named; none panics.

use super::*;
use rstest::rstest;
use std::fmt::Write;

#[track_caller]
fn refuses(token: &str, reason: InvalidToken) {
    assert_eq!(tokens().verify(token, NOW), Err(reason));
}

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

#[test]
fn s12_one_issuer_does_not_speak_for_another() {
    let rs = json!({"alg": "RS256", "kid": "one"});
    let hs = json!({"alg": "HS256"});
    refuses(
        &sign(&rs, &claims("https://rs-pem.example"), By::Rs(&KEYS.rsa_other)),
        InvalidToken::BadSignature,
    );
    refuses(&sign(&hs, &claims(OWN), By::Hs(SHARED)), InvalidToken::BadSignature);
    refuses(&sign(&rs, &claims(OWN), By::Rs(&KEYS.rsa)), InvalidToken::WrongAlgorithm);
    refuses(
        &sign(&json!({"alg": "EdDSA"}), &claims("https://es.example"), By::Ed),
        InvalidToken::WrongAlgorithm,
    );
}

#[rstest]
#[case::missing(json!({"iss": null}))]
#[case::empty(json!({"iss": ""}))]
#[case::unknown(json!({"iss": "https://evil.example"}))]
#[case::trailing_slash(json!({"iss": "https://hs.example/"}))]
#[case::other_case(json!({"iss": "https://HS.example"}))]
#[case::space(json!({"iss": "https://hs.example "}))]
#[case::look_alike(json!({"iss": "https://hs.ex\u{430}mple"}))]
fn s12_an_unknown_issuer_is_refused(#[case] changes: Value) {
    refuses(&hs(&changes), InvalidToken::UnknownIssuer);
}

#[rstest]
#[case::number_issuer(json!({"iss": 7}))]
#[case::several_issuers(json!({"iss": ["https://hs.example"]}))]
#[case::object_issuer(json!({"iss": {"https://hs.example": true}}))]
#[case::number_subject(json!({"sub": 5}))]
#[case::several_subjects(json!({"sub": ["ana"]}))]
#[case::object_subject(json!({"sub": {"$ne": ""}}))]
#[case::true_audience(json!({"aud": true}))]
#[case::mixed_audiences(json!({"aud": ["app", 5]}))]
#[case::object_audience(json!({"aud": {"app": 1}}))]
#[case::text_expiry(json!({"exp": "1900000000"}))]
#[case::true_expiry(json!({"exp": true}))]
#[case::array_expiry(json!({"exp": [1_900_000_000]}))]
#[case::negative_expiry(json!({"exp": -1}))]
#[case::huge_expiry(json!({"exp": u64::MAX}))]
#[case::greatest_i64_expiry(json!({"exp": i64::MAX}))]
#[case::beyond_year_9999(json!({"exp": 253_402_300_800_i64}))]
#[case::astronomic_expiry(json!({"exp": 1e300}))]
#[case::text_not_before(json!({"nbf": "1900000000"}))]
#[case::object_not_before(json!({"nbf": {}}))]
#[case::negative_not_before(json!({"nbf": -5}))]
#[case::text_issued_at(json!({"iat": "now"}))]
fn s12_a_claim_of_another_type_is_refused(#[case] changes: Value) {
    refuses(&hs(&changes), InvalidToken::Malformed);
}

#[rstest]
#[case::infinite(r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":1e999}"#)]
#[case::not_a_number(r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":NaN}"#)]
#[case::null_expiry(r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":null}"#)]
#[case::null_not_before(
    r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":1900000000,"nbf":null}"#
)]
#[case::issuer_twice(r#"{"iss":"https://evil.example","iss":"https://hs.example","aud":"app","sub":"ana","exp":1900000000}"#)]
#[case::subject_twice(
    r#"{"iss":"https://hs.example","aud":"app","sub":"ana","sub":"bob","exp":1900000000}"#
)]
#[case::subject_twice_escaped(
    r#"{"iss":"https://hs.example","aud":"app","sub":"ana","s\u0075b":"bob","exp":1900000000}"#
)]
#[case::expiry_twice(
    r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":1,"exp":1900000000}"#
)]
#[case::array(r#"["https://hs.example","ana","app",1900000000]"#)]
#[case::text(r#""https://hs.example""#)]
#[case::nothing("")]
#[case::null("null")]
#[case::trailing(r#"{"iss":"https://hs.example","aud":"app","sub":"ana","exp":1900000000}{}"#)]
#[case::comment(r#"{"iss":"https://hs.example",/**/"aud":"app","sub":"ana","exp":1900000000}"#)]
#[case::byte_order_mark(
    "\u{feff}{\"iss\":\"https://hs.example\",\"aud\":\"app\",\"sub\":\"ana\",\"exp\":1900000000}"
)]
#[case::lone_surrogate(
    r#"{"iss":"https://hs.example","aud":"app","sub":"\ud800","exp":1900000000}"#
)]
fn s12_claims_that_two_readers_could_read_differently_are_refused(#[case] claims: &str) {
    refuses(&sign_text(r#"{"alg":"HS256"}"#, claims, By::Hs(SHARED)), InvalidToken::Malformed);
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
#[case::expired(json!({"exp": NOW_S - 10}), InvalidToken::Expired)]
#[case::long_expired(json!({"exp": 0}), InvalidToken::Expired)]
#[case::expired_by_a_fraction(json!({"exp": 1_799_999_990.25}), InvalidToken::Expired)]
#[case::not_yet(json!({"nbf": NOW_S + 11}), InvalidToken::NotYetValid)]
#[case::from_the_future(json!({"iat": NOW_S + 11}), InvalidToken::NotYetValid)]
#[case::from_the_far_future(json!({"iat": 253_402_300_799_i64}), InvalidToken::NotYetValid)]
#[case::endless(json!({"exp": null}), InvalidToken::Missing("exp"))]
#[case::for_anybody(json!({"aud": null}), InvalidToken::Missing("aud"))]
#[case::for_another(json!({"aud": "other"}), InvalidToken::WrongAudience)]
#[case::for_nobody(json!({"aud": []}), InvalidToken::WrongAudience)]
#[case::for_us_in_part(json!({"aud": "app app-2"}), InvalidToken::WrongAudience)]
#[case::of_nobody(json!({"sub": null}), InvalidToken::Missing("sub"))]
fn s12_claims_that_do_not_hold_are_refused(#[case] changes: Value, #[case] reason: InvalidToken) {
    refuses(&hs(&changes), reason);
}

#[rstest]
#[case::empty("")]
#[case::dots("..")]
#[case::path("../../etc/passwd")]
#[case::line_break("ana\r\nSet-Cookie: a=b")]
#[case::nul("ana\0")]
#[case::space(" ana")]
#[case::unicode("an\u{e1}")]
#[case::line_separator("ana\u{2028}")]
#[case::right_to_left("\u{202e}ana")]
#[case::query("ana' OR '1'='1")]
fn s12_a_subject_that_is_no_id_is_refused(#[case] sub: &str) {
    refuses(&hs(&json!({"sub": sub})), InvalidToken::BadSubject);
}

#[test]
fn s12_a_subject_of_129_characters_is_refused() {
    refuses(&hs(&json!({"sub": "a".repeat(129)})), InvalidToken::BadSubject);
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

#[test]
fn s12_signatures_that_are_none_are_refused() {
    let good = hs(&json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (_, elsewhere) = hs(&json!({"sub": "bob"}))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let mut flipped = signature.to_owned();
    flipped.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    for bad in [
        "",
        &signature[..42],
        &signature[..20],
        &elsewhere,
        &flipped,
        &format!("{signature}="),
        &format!("{signature}A"),
        &format!("{signature}\n"),
        &format!("{signature} "),
        &"A".repeat(43),
        "\u{e9}",
        "%41%41",
    ] {
        refuses(&format!("{message}.{bad}"), InvalidToken::BadSignature);
    }
    assert!(tokens().verify(&good, NOW).is_ok());
}

#[rstest]
#[case::zero([0; 64].to_vec())]
#[case::one([[0; 31].as_slice(), &[1], &[0; 31], &[1]].concat())]
#[case::ones([0xff; 64].to_vec())]
#[case::short(vec![0; 63])]
#[case::long(vec![0; 65])]
#[case::der_zero(vec![0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00])]
#[case::none(vec![])]
fn s12_signatures_of_curves_that_verify_anything_are_refused(#[case] signature: Vec<u8>) {
    for (alg, iss) in [("ES256", "https://es.example"), ("EdDSA", "https://ed.example")] {
        let message =
            format!("{}.{}", b64(json!({"alg": alg}).to_string()), b64(claims(iss).to_string()));
        refuses(&format!("{message}.{}", b64(&signature)), InvalidToken::BadSignature);
    }
}

#[test]
fn s12_another_encoding_of_a_good_signature_is_refused() {
    let good = sign(&json!({"alg": "ES256"}), &claims("https://es.example"), By::Es);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let fixed = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut der = vec![0x30, 70, 0x02, 33, 0];
    der.extend_from_slice(&fixed[..32]);
    der.extend_from_slice(&[0x02, 33, 0]);
    der.extend_from_slice(&fixed[32..]);

    refuses(&format!("{message}.{}", b64(&der)), InvalidToken::BadSignature);
    refuses(&format!("{message}.{}", BASE64_STANDARD.encode(&fixed)), InvalidToken::BadSignature);
}

#[test]
fn s12_a_token_of_another_form_is_refused() {
    let good = hs(&json!({}));
    let (header, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let padded = sign_parts(&format!("{header}="), claims, By::Hs(SHARED));
    let standard = sign_parts("eyJhbGciOiJIUzI1NiIsIngiOiI+Pz8+In0", claims, By::Hs(SHARED));
    let latin = sign_parts(header, &b64(b"{\"iss\":\"\xff\"}"), By::Hs(SHARED));
    for bad in [
        "",
        ".",
        "..",
        "...",
        "....",
        "a.b.c",
        "Bearer",
        "null",
        "\u{0}",
        "\u{1f980}.\u{1f980}.\u{1f980}",
        header,
        &format!("{header}.{claims}"),
        &format!(".{claims}.{signature}"),
        &format!("{header}..{signature}"),
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{good}.{signature}"),
        &format!("{header}..iv.text.tag"),
        &format!("{header}.key.iv.text.tag"),
        &format!(" {good}"),
        &format!("Bearer {good}"),
        &good.replacen('.', "\u{3002}", 1),
        &good.replacen('.', ". ", 1),
        &good.replacen('.', "%2e", 1),
        &format!("{header}\n.{claims}.{signature}"),
        &padded,
        &standard,
        &latin,
        r#"{"payload":"e30","signatures":[]}"#,
        r#"{"protected":"e30","payload":"e30","signature":""}"#,
    ] {
        assert_eq!(tokens().verify(bad, NOW), Err(InvalidToken::Malformed), "{bad:?}");
    }
}

#[test]
fn s12_a_token_beyond_8_kib_is_not_even_parsed() {
    refuses(&hs(&json!({"pad": "x".repeat(7_000)})), InvalidToken::TooLong);
    refuses(&"a".repeat(8_193), InvalidToken::TooLong);
    refuses(&".".repeat(1_000_000), InvalidToken::TooLong);
    assert!(tokens().verify(&hs(&json!({"pad": "x".repeat(5_000)})), NOW).is_ok());
}

#[test]
fn s12_deep_json_does_not_overflow_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(900), close.repeat(900));
        let mut claims = claims("https://hs.example").to_string();
        claims.truncate(claims.len() - 1);
        for name in ["email", "sid", "unknown"] {
            let mut text = claims.clone();
            write!(text, ",\"{name}\":{deep}}}").unwrap();
            let token = sign_text(r#"{"alg":"HS256"}"#, &text, By::Hs(SHARED));
            let _ = tokens().verify(&token, NOW);
        }
        let header = format!("{{\"alg\":\"HS256\",\"jwk\":{deep}}}");
        let _ = tokens().verify(&sign_text(&header, &claims, By::Hs(SHARED)), NOW);
    }
}

#[rstest]
#[case::no_tenant(json!({"tid": null}), InvalidToken::Missing("tid"))]
#[case::number_tenant(json!({"tid": 5}), InvalidToken::BadClaim("tid"))]
#[case::path_tenant(json!({"tid": "../x"}), InvalidToken::BadClaim("tid"))]
#[case::text_session(json!({"sid": "me"}), InvalidToken::BadClaim("sid"))]
#[case::number_session(json!({"sid": 5}), InvalidToken::BadClaim("sid"))]
#[case::no_age(json!({"iat": null}), InvalidToken::Missing("iat"))]
#[case::more_than_a_second(json!({"iat_us": 1_000_000}), InvalidToken::BadClaim("iat_us"))]
#[case::negative(json!({"iat_us": -1}), InvalidToken::BadClaim("iat_us"))]
#[case::another_audience(json!({"aud": "app"}), InvalidToken::WrongAudience)]
fn s12_one_of_ours_that_we_never_made_is_refused(
    #[case] changes: Value,
    #[case] reason: InvalidToken,
) {
    let key = ServerSecret::new(&[7; 32]).derive("access-token", b"");
    let good = with(claims(OWN), &json!({"aud": AUD, "tid": "default"}));
    let header = json!({"alg": "HS256"});
    assert!(tokens().verify(&sign(&header, &good, By::Hs(&key)), NOW).is_ok());

    refuses(&sign(&header, &with(good, &changes), By::Hs(&key)), reason);
}

#[test]
fn s12_no_single_changed_byte_is_forgiven() {
    let tokens = tokens();
    let good = hs(&json!({}));
    for place in 0..good.len() {
        for byte in [b'A', b'.', b'=', b' ', 0x7f, b'-'] {
            let mut bytes = good.clone().into_bytes();
            if bytes[place] != byte {
                bytes[place] = byte;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(tokens.verify(&changed, NOW).is_err(), "{place} {byte}");
            }
        }
        assert!(tokens.verify(&good[..place], NOW).is_err());
    }
}

#[test]
fn s12_reasons_hold_nothing_of_the_token() {
    let token = hs(&json!({"sub": "secret subject", "aud": "secret"}));

    let reason = tokens().verify(&token, NOW).unwrap_err().to_string();

    assert!(!reason.contains("secret") && !reason.contains('\n'));
}
