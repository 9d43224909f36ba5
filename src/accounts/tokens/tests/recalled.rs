//! Tokens that come again.

use super::*;
use std::time::Duration;

fn after(seconds: u64) -> Micros {
    NOW.after(Duration::from_secs(seconds))
}

#[tokio::test]
async fn a_token_that_comes_again_proves_the_same() {
    let tokens = tokens();
    let token = hs(&json!({"email": "ana@example.com", "email_verified": true}));

    let first = tokens.verify_or_ask(&token, NOW).await.unwrap();

    assert_eq!(tokens.verify_or_ask(&token, after(1)).await, Ok(first.clone()));
    assert_eq!(tokens.verify(&token, NOW), Ok(first));
}

#[tokio::test]
async fn a_token_expires_in_between() {
    let tokens = tokens();
    let token = hs(&json!({"exp": NOW_S - 8}));

    assert!(tokens.verify_or_ask(&token, after(1)).await.is_ok());
    assert_eq!(tokens.verify_or_ask(&token, after(2)).await, Err(InvalidToken::Expired));
}

#[tokio::test]
async fn a_token_is_not_good_before_its_time_though_it_was_after() {
    let tokens = tokens();
    let token = hs(&json!({"nbf": NOW_S + 12}));

    assert!(tokens.verify_or_ask(&token, after(3)).await.is_ok());
    assert_eq!(tokens.verify_or_ask(&token, after(1)).await, Err(InvalidToken::NotYetValid));
}

#[tokio::test]
async fn a_token_like_one_that_was_good_is_none() {
    let tokens = tokens();
    let token = hs(&json!({}));
    assert!(tokens.verify_or_ask(&token, NOW).await.is_ok());

    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", b64([0; 32]));

    assert_eq!(tokens.verify_or_ask(&forged, NOW).await, Err(InvalidToken::BadSignature));
}

#[tokio::test]
async fn a_token_ends_with_its_issuer() {
    let tokens = tokens();
    let token = hs(&json!({}));
    assert!(tokens.verify_or_ask(&token, NOW).await.is_ok());

    let key = OwnKey::derived(&ServerSecret::new(&[7; 32]));
    tokens.replace(OwnIssuer { iss: OWN.into(), aud: AUD.into(), key }, Vec::new());

    assert_eq!(tokens.verify_or_ask(&token, NOW).await, Err(InvalidToken::UnknownIssuer));
}

#[test]
fn a_token_is_proved_anew_once_its_issuers_keys_are_others() {
    let mut proof = tokens().trusted().prove(&hs(&json!({})), NOW).unwrap();
    assert!(proof.holds(NOW));

    proof.source = Keys::one(VerifyingKey::shared(SHARED).unwrap()).into();

    assert!(!proof.holds(NOW));
}
