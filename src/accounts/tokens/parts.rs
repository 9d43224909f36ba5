use super::InvalidToken;
use crate::model::Micros;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::de::{DeserializeOwned, Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use std::time::Duration;

/// The longest token that is looked at, in bytes; request heads are bounded at 16 KiB.
const MAX_TOKEN: usize = 8 * 1024;

/// The last second of the year 9999, after which a `NumericDate` is a mistake or an attack on
/// whoever calculates with it.
const LAST_SECOND: i64 = 253_402_300_799;

/// A token taken apart and read, and nothing of it believed yet.
pub(super) struct Parts<'a> {
    pub(super) header: Header,
    pub(super) claims: Claims,
    /// What the signature is over.
    pub(super) message: &'a str,
    pub(super) signature: &'a str,
}

/// The header members that decide anything.
///
/// `jwk`, `jku`, `x5c`, and `x5u` are not among them: a key that comes with a token proves nothing,
/// and an address in it is never fetched.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    pub(super) b64: Option<IgnoredAny>,
}

/// The claims that decide anything. A member given twice, or of another type, is refused.
///
/// Those of which external issuers make something else than we do are read later, by whoever
/// knows whose token it is.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "present")]
    pub(super) iss: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) sub: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) aud: Option<Audience>,
    #[serde(default, deserialize_with = "present")]
    pub(super) exp: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    pub(super) nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    pub(super) iat: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    pub(super) iat_us: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) sid: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tid: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) email: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) email_verified: Option<Value>,
}

/// `aud`: one name, or several of which one must be ours.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Seconds since the Unix epoch, whole or not, from 0 to the end of the year 9999.
pub(super) struct NumericDate(pub(super) Micros);

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, InvalidToken> {
        if token.len() > MAX_TOKEN {
            return Err(InvalidToken::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        // A third dot leaves one in a part, where the decoder refuses it.
        let (header, claims) = message.split_once('.').ok_or(InvalidToken::Malformed)?;
        Ok(Self { header: read(header)?, claims: read(claims)?, message, signature })
    }
}

impl Audience {
    pub(super) fn names(&self, wanted: &[String]) -> bool {
        match self {
            Self::One(name) => wanted.contains(name),
            Self::Several(names) => names.iter().any(|name| wanted.contains(name)),
        }
    }
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, InvalidToken> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken::Malformed)?;
    // Serde looks for UTF-8 in the members that it keeps only (RFC 8725 §3.7 wants it of all).
    let json = std::str::from_utf8(&json).map_err(|_| InvalidToken::Malformed)?;
    // It would read an array as the members in order.
    if !json.trim_ascii_start().starts_with('{') {
        return Err(InvalidToken::Malformed);
    }
    serde_json::from_str(json).map_err(|_| InvalidToken::Malformed)
}

/// A member that may be missing, but is not `null` where it is there: `"nbf": null` would pass for
/// "no `nbf`", and no issuer means that.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let instant = match number.as_i64() {
            Some(seconds) => (0..=LAST_SECOND).contains(&seconds).then_some(seconds),
            None => None,
        };
        let fraction = || {
            let span = Duration::try_from_secs_f64(number.as_f64()?).ok()?;
            (span <= Duration::from_secs(LAST_SECOND.unsigned_abs())).then(|| Micros(0).after(span))
        };
        let instant = instant.map(Micros::from_seconds).or_else(fraction);
        instant.map(Self).ok_or_else(|| Error::custom("a date from 1970 to 9999, in seconds"))
    }
}
