use super::parts::{Claims, Header, NumericDate, Parts};
use super::proof::Proof;
use super::{Tokens, Trusted};
use crate::accounts::issuers::Issuer;
use crate::model::{Digest, EmailAddress, Micros, SessionId, TenantName, UserId, UserRef};
use serde_json::Value;
use std::time::Duration;

/// How far another machine's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(10);

/// What a token proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who bears it: `sub`, in our `tid` or the issuer's tenant.
    pub user: UserRef,
    /// The log-in it belongs to; `None` for external issuers, whose `sid` is not ours, and for the
    /// command line's tokens.
    pub session: Option<SessionId>,
    /// When it was issued, for comparison with endings. The epoch where an external issuer does not
    /// say: a token of unknown age counts as older than every log-out.
    pub issued_at: Micros,
    /// Its `exp`; up to 10 s in the past, as clocks differ.
    pub expires_at: Micros,
    /// An external issuer's `email`, where it is an address.
    pub claims_email: Option<EmailAddress>,
    /// Whether the issuer says that `claims_email` is verified.
    pub email_verified: bool,
    /// Whether we issued it.
    pub own: bool,
    /// The digest of the key that proved it: see [`Issuer::digest`].
    pub signed_by: Digest,
}

/// Why a token is refused: texts for the log, which never hold anything of the token.
///
/// Callers are told `invalid_token` and no more, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not even parsed.
    #[error("the token is longer than 8 KiB")]
    TooLong,
    /// Also claims of a wrong type, and members given twice.
    #[error("the token is not three parts of base64url with the JSON that a JWT has")]
    Malformed,
    /// Or none.
    #[error("the token's issuer is not one of ours")]
    UnknownIssuer,
    /// `none` is one such.
    #[error("the token's algorithm is not the one of its issuer")]
    WrongAlgorithm,
    /// It was made for another purpose (RFC 8725 §3.11).
    #[error("the token's typ is not that of an access token")]
    WrongType,
    /// We understand no extension, so each is one we must refuse (RFC 7515 §4.1.11).
    #[error("the token's header demands an extension")]
    Extension,
    /// Rotated away, or never there.
    #[error("the token's key is not one of its issuer's")]
    UnknownKey,
    /// Its issuer's keys could not be fetched so far: not the bearer's fault.
    #[error("the keys of the token's issuer have not been had yet")]
    NoKeysYet,
    /// Forged, cut, or by another's key.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A claim that must be there is not.
    #[error("the token has no {0}")]
    Missing(&'static str),
    /// By our clock, 10 s forgiven.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead by more than 10 s.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Meant for somebody else.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Its `sub` could not stand in a path or a log.
    #[error("the token's subject is not an id of ours")]
    BadSubject,
    /// One of our own tokens with a `sid`, `tid`, or `iat_us` that we never make.
    #[error("the token's {0} is not one of ours")]
    BadClaim(&'static str),
}

impl Tokens {
    /// Says who bears `token`, if it is one of ours or of a known issuer, and good at `now`.
    ///
    /// `iss` is read before anything is proved, and chooses only whose algorithm and keys the token
    /// is held to. Whether its session has ended is not known here.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`]; nothing about the bearer is known then.
    pub fn verify(&self, token: &str, now: Micros) -> Result<Verified, InvalidToken> {
        self.trusted().prove(token, now).map(|proof| proof.verified)
    }
}

impl Trusted {
    /// [`Tokens::verify`], and what it rests on.
    pub(super) fn prove(&self, token: &str, now: Micros) -> Result<Proof, InvalidToken> {
        let Parts { header, claims, message, signature } = Parts::of(token)?;
        let (issuer, own) = self.issuer(&claims)?;
        if header.alg != issuer.keys.algorithm().name() {
            return Err(InvalidToken::WrongAlgorithm);
        }
        check_header(&header)?;
        let keys = issuer.keys.keys().ok_or(InvalidToken::NoKeysYet)?;
        let key = keys.pick(header.kid.as_deref()).ok_or(InvalidToken::UnknownKey)?;
        if !key.verifies(message.as_bytes(), signature) {
            return Err(InvalidToken::BadSignature);
        }
        let lifetime = Lifetime::of(&claims, own)?;
        lifetime.check(now)?;
        let audience = claims.aud.as_ref().ok_or(InvalidToken::Missing("aud"))?;
        if !audience.names(&issuer.audiences) {
            return Err(InvalidToken::WrongAudience);
        }
        let sub = claims.sub.as_deref().ok_or(InvalidToken::Missing("sub"))?;
        let id: UserId = sub.parse().map_err(|_| InvalidToken::BadSubject)?;
        let (tenant, session) = if own { ours(&claims)? } else { (issuer.tenant.clone(), None) };
        let claims_email = if own { None } else { email(&claims) };
        let email_verified = claims_email.is_some() && email_verified(&claims);
        let user = UserRef { tenant, id };
        let verified = Verified {
            user,
            session,
            issued_at: lifetime.issued_at,
            expires_at: lifetime.expires_at,
            claims_email,
            email_verified,
            own,
            signed_by: issuer.digest(key),
        };
        Ok(Proof { verified, lifetime, source: issuer.keys.clone(), keys })
    }

    pub(super) fn issuer(&self, claims: &Claims) -> Result<(&Issuer, bool), InvalidToken> {
        let iss = claims.iss.as_ref().ok_or(InvalidToken::UnknownIssuer)?;
        if *iss == self.own.iss {
            return Ok((&self.own, true));
        }
        self.others.get(iss).map(|issuer| (issuer, false)).ok_or(InvalidToken::UnknownIssuer)
    }
}

fn check_header(header: &Header) -> Result<(), InvalidToken> {
    // A lawful `b64` comes with `crit` (RFC 7797 §6); without, the two sides may read two payloads.
    if header.crit.is_some() || header.b64.is_some() {
        return Err(InvalidToken::Extension);
    }
    // Media types are case-insensitive and may be written in full (RFC 7515 §4.1.9).
    let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match typ {
        None | Some("jwt" | "at+jwt") => Ok(()),
        Some(_) => Err(InvalidToken::WrongType),
    }
}

/// `nbf`, `iat`, and `exp`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    issued_at: Micros,
    /// The later of `nbf` and `iat`: an `iat` far ahead would outlive every log-out.
    not_before: Micros,
    expires_at: Micros,
}

impl Lifetime {
    fn of(claims: &Claims, own: bool) -> Result<Self, InvalidToken> {
        let NumericDate(expires_at) = claims.exp.as_ref().ok_or(InvalidToken::Missing("exp"))?;
        let issued_at = match &claims.iat {
            Some(NumericDate(whole)) if own => whole.after(rest_of_second(claims)?),
            Some(NumericDate(instant)) => *instant,
            None if own => return Err(InvalidToken::Missing("iat")),
            None => Micros(0),
        };
        let dates = [&claims.nbf, &claims.iat].into_iter().flatten().map(|date| date.0);
        let not_before = dates.max().unwrap_or(Micros(0));
        Ok(Self { issued_at, not_before, expires_at: *expires_at })
    }

    /// Compares it with our clock: jsonwebtoken would ask the system's.
    pub(super) fn check(&self, now: Micros) -> Result<(), InvalidToken> {
        if now >= self.expires_at.after(LEEWAY) {
            return Err(InvalidToken::Expired);
        }
        if self.not_before > now.after(LEEWAY) {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }
}

fn rest_of_second(claims: &Claims) -> Result<Duration, InvalidToken> {
    let rest = match &claims.iat_us {
        None => Some(0),
        Some(value) => value.as_u64().filter(|micros| *micros < 1_000_000),
    };
    rest.map(Duration::from_micros).ok_or(InvalidToken::BadClaim("iat_us"))
}

fn ours(claims: &Claims) -> Result<(TenantName, Option<SessionId>), InvalidToken> {
    let tenant = claims.tid.as_ref().ok_or(InvalidToken::Missing("tid"))?.as_str();
    let tenant = tenant.and_then(|name| name.parse().ok()).ok_or(InvalidToken::BadClaim("tid"))?;
    let session = claims.sid.as_ref().map(|sid| {
        let id = sid.as_str().and_then(|text| text.parse().ok()).map(SessionId);
        id.ok_or(InvalidToken::BadClaim("sid"))
    });
    Ok((tenant, session.transpose()?))
}

fn email(claims: &Claims) -> Option<EmailAddress> {
    EmailAddress::parse(claims.email.as_ref()?.as_str()?).ok()
}

/// `true`, which Apple and Cognito write as a string.
fn email_verified(claims: &Claims) -> bool {
    match &claims.email_verified {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}
