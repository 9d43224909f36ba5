use super::api_key::KEY_PREFIX;
use super::tokens::InvalidToken;
use super::{Accounts, Caller, Credential, Newcomer, Presented, SESSION_TTL};
use crate::model::{Micros, OpaqueToken, Scope};
use crate::store::{Session, StoreError};
use std::time::Duration;

/// How often a session's use is written down.
const TOUCH_EVERY: Duration = Duration::from_hours(1);

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// Nothing was presented.
    #[error("this call needs a session, an access token, or an API key")]
    Nothing,
    /// What was presented is not good, or no longer.
    #[error("the credential is not valid, or no longer")]
    Invalid,
    /// A good credential of the other kind of caller.
    #[error("{0}")]
    WrongCaller(&'static str),
    /// A good API key that may not do this.
    #[error("this API key may not do that: it lacks the scope {}", .0.as_str())]
    InsufficientScope(Scope),
    /// The keys of the token's issuer could not be fetched so far.
    #[error("the keys of the token's issuer have not been had yet")]
    NoKeysYet,
    /// Nobody can be let in now.
    #[error("the credential cannot be checked now")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Says which user asks.
    ///
    /// A session's cookie is looked up at most every 5 s; that it has ended is known at once on
    /// this node, and within the reconciler's round on others.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; a bad credential is never taken for none.
    pub async fn user(&self, presented: Presented) -> Result<Caller, AuthenticateError> {
        let (caller, newcomer) = self.listener(presented).await?;
        self.meet(newcomer).await?;
        Ok(caller)
    }

    /// The same for one who is about to read the user's row, and so finds out whether it is there:
    /// where it is not, [`Self::welcome`] is to be called first.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`].
    pub async fn listener(
        &self,
        presented: Presented,
    ) -> Result<(Caller, Option<Newcomer>), AuthenticateError> {
        let now = self.clock.now();
        let (caller, newcomer) = match presented {
            Presented::Nothing => return Err(AuthenticateError::Nothing),
            Presented::Bearer(token) if token.reveal().starts_with(KEY_PREFIX) => {
                self.api_key(&token, now).await?;
                return Err(AuthenticateError::WrongCaller(
                    "this call is a user's, and an API key is a backend's",
                ));
            }
            Presented::Bearer(token) => self.bearer(&token, now).await?,
            Presented::Cookie(token) => (self.cookie(&token, now).await?, None),
            Presented::Ticket(token) => (self.ticket(&token, now).await?, None),
        };
        if self.feed.refuses(&caller.user, caller.session, caller.issued_at) {
            return Err(AuthenticateError::Invalid);
        }
        if caller.renewed {
            self.touch(&caller, now).await;
        }
        Ok((caller, newcomer))
    }

    async fn bearer(
        &self,
        token: &OpaqueToken,
        now: Micros,
    ) -> Result<(Caller, Option<Newcomer>), AuthenticateError> {
        let verified = self.tokens.verify_or_ask(token.reveal(), now).await;
        let verified = verified.map_err(|reason| {
            tracing::debug!(reason = %reason, "an access token was refused");
            match reason {
                InvalidToken::NoKeysYet => AuthenticateError::NoKeysYet,
                _ => AuthenticateError::Invalid,
            }
        })?;
        let (user, email) = (verified.user.clone(), verified.claims_email);
        let newcomer = (!verified.own)
            .then(|| self.newcomer(user, email, verified.email_verified, verified.issued_at, now));
        let caller = Caller {
            user: verified.user,
            session: verified.session,
            issued_at: verified.issued_at,
            signed_by: Some(verified.signed_by),
            expires_at: Some(verified.expires_at),
            credential: Credential::Bearer,
            renewed: false,
            request: None,
        };
        Ok((caller, newcomer.flatten()))
    }

    async fn cookie(&self, token: &OpaqueToken, now: Micros) -> Result<Caller, AuthenticateError> {
        let digest = token.digest();
        let session = if let Some(known) = self.cookies.get(&digest, now) {
            known
        } else {
            let found = self.store.session(digest, now).await?;
            self.cookies.put(digest, found.clone(), now);
            found
        };
        let session: Session = session.ok_or(AuthenticateError::Invalid)?;
        let renewed = now.since(session.last_seen_at) >= TOUCH_EVERY;
        if renewed {
            self.cookies.forget(&digest);
        }
        Ok(Caller {
            user: session.user,
            session: Some(session.id),
            issued_at: session.created_at,
            signed_by: None,
            expires_at: None,
            credential: Credential::Cookie,
            renewed,
            request: None,
        })
    }

    async fn ticket(&self, token: &OpaqueToken, now: Micros) -> Result<Caller, AuthenticateError> {
        let ticket = self.store.spend_ticket(token.digest(), now).await?;
        let ticket = ticket.ok_or(AuthenticateError::Invalid)?;
        Ok(Caller {
            user: ticket.user,
            session: ticket.session,
            issued_at: ticket.issued_at,
            signed_by: ticket.signed_by,
            expires_at: ticket.until,
            credential: Credential::Ticket,
            renewed: false,
            request: None,
        })
    }

    /// Puts the session's end off. That it could not be written down is no reason to refuse.
    async fn touch(&self, caller: &Caller, now: Micros) {
        let Some(session) = caller.session else { return };
        let end = now.after(SESSION_TTL);
        if let Err(error) = self.store.touch(session, caller.user.clone(), now, end).await {
            tracing::warn!(error = %error, "a session's use could not be written down");
        }
    }
}
