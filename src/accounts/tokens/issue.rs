use super::Tokens;
use crate::model::{Micros, SessionId, UserRef};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value, json};
use std::fmt;
use std::time::Duration;

/// An access token of ours, for the one answer that carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// The token itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(…)")
    }
}

impl Tokens {
    /// Makes a token that says its bearer is `user`, for `ttl` from `now`, cut to whole seconds.
    ///
    /// Its claims are `iss`, `aud`, `sub`, `tid` (the tenant), `sid` where there is a session,
    /// `iat`, `exp`, and `iat_us`: the microseconds that `iat` leaves out. "Refuse every token
    /// issued before this log-out" would otherwise refuse those of the next log-in too, where both
    /// are in one second; a fraction in `iat` itself is lawful, and trips readers of whole numbers.
    pub fn issue(
        &self,
        user: &UserRef,
        session: Option<SessionId>,
        ttl: Duration,
        now: Micros,
    ) -> AccessToken {
        let trusted = self.trusted();
        let (own, signer) = (&trusted.own, &trusted.signer);
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(own.iss)),
            ("aud".to_owned(), json!(own.audiences.first())),
            ("sub".to_owned(), json!(user.id.as_str())),
            ("tid".to_owned(), json!(user.tenant.as_str())),
            ("iat".to_owned(), json!(now.seconds())),
            ("iat_us".to_owned(), json!(now.0.rem_euclid(1_000_000))),
            ("exp".to_owned(), json!(now.after(ttl).seconds())),
        ]);
        if let Some(session) = session {
            claims.insert("sid".to_owned(), json!(session.to_string()));
        }
        let mut header = json!({ "alg": signer.algorithm().name(), "typ": "JWT" });
        // Which of several keys it is. A secret has no name: its thumbprint could be guessed against.
        if let Some(kid) = signer.kid() {
            header["kid"] = json!(kid);
        }
        let encode = |part: String| BASE64_URL_SAFE_NO_PAD.encode(part);
        let mut token =
            format!("{}.{}", encode(header.to_string()), encode(Value::Object(claims).to_string()));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signer.sign(token.as_bytes()));
        token.push('.');
        token.push_str(&signature);
        AccessToken(token)
    }
}
