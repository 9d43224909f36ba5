//! S12: claims that do not hold, or that two readers would read differently.

use super::*;
use rstest::rstest;

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
fn s12_reasons_hold_nothing_of_the_token() {
    let token = hs(&json!({"sub": "secret subject", "aud": "secret"}));

    let reason = tokens().verify(&token, NOW).unwrap_err().to_string();

    assert!(!reason.contains("secret") && !reason.contains('\n'));
}
