//! S12: signatures that are none, and texts that are no token.

use super::*;
use rstest::rstest;
use std::fmt::Write;

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

/// Also in a member that nobody reads (RFC 8725 §3.7).
#[test]
fn s12_a_token_that_is_not_utf_8_is_refused() {
    let with_stray = |object: Value| {
        let text = object.to_string();
        [b"{\"x\":\"\xff\",".as_slice(), &text.as_bytes()[1..]].concat()
    };
    let header = json!({"alg": "HS256"});
    let claims = claims("https://hs.example");
    let plain = |object: &Value| b64(object.to_string());

    for (header, claims) in [
        (b64(with_stray(header.clone())), plain(&claims)),
        (plain(&header), b64(with_stray(claims.clone()))),
    ] {
        refuses(&sign_parts(&header, &claims, By::Hs(SHARED)), InvalidToken::Malformed);
    }
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
