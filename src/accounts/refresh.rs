use super::refresh_token::RefreshToken;
use super::{ACCESS_TTL, Accounts, Granted, SESSION_TTL};
use crate::model::{OpaqueToken, SessionId};
use crate::store::{Refreshed, StoreError};

/// What a refresh is asked with.
#[derive(Debug)]
pub enum Renewal {
    /// A refresh token, which is spent.
    Token(OpaqueToken),
    /// The session's cookie, which gets the current refresh token and spends none: a page that
    /// only wants an access token must not make its app's token look reused.
    Cookie(SessionId),
}

/// Why nothing was refreshed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not one of ours, or its session is over.
    #[error("the refresh token is not valid")]
    Invalid,
    /// It was used before; the session has been ended, as two must hold it.
    #[error("the refresh token was used before, so its session has been ended")]
    Reused,
    /// Nothing was spent.
    #[error("the session could not be refreshed")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Gives new tokens for a session. A refresh token works once; within 10 s, while its successor
    /// is unused, it gets the same successor again, as an answer may have been lost.
    ///
    /// # Errors
    ///
    /// [`RefreshError`].
    pub async fn refresh(&self, renewal: Renewal) -> Result<Granted, RefreshError> {
        let now = self.clock.now();
        let (session, generation) = match renewal {
            Renewal::Cookie(session) => (session, None),
            Renewal::Token(token) => {
                let token =
                    RefreshToken::open(&token, &self.secret).ok_or(RefreshError::Invalid)?;
                (token.session, Some(token.generation))
            }
        };
        match self.store.refresh(session, generation, now, now.after(SESSION_TTL)).await? {
            Refreshed::Rotated(rotation) => Ok(Granted {
                access_token: self.tokens.issue(
                    &rotation.session.user,
                    Some(session),
                    ACCESS_TTL,
                    now,
                ),
                refresh_token: RefreshToken { session, generation: rotation.generation }
                    .seal(&self.secret),
                session,
                user: rotation.user,
            }),
            Refreshed::Reused => {
                tracing::warn!(session.id = %session, "a refresh token was used twice, its session is over");
                Err(RefreshError::Reused)
            }
            Refreshed::Unknown => Err(RefreshError::Invalid),
        }
    }
}
