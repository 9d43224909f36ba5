use super::{Accounts, Caller};
use crate::model::{Ending, EndingCode, SessionId};
use crate::store::StoreError;

/// Why nobody was logged out.
#[derive(Debug, thiserror::Error)]
pub enum LogOutError {
    /// The caller's token belongs to no session.
    #[error("this token belongs to no session")]
    NoSession,
    /// The user has no such session.
    #[error("there is no such session")]
    Unknown,
    /// Nothing was ended.
    #[error("the session could not be ended")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Ends the caller's own session: its streams, polls, and tokens, on every node.
    ///
    /// # Errors
    ///
    /// [`LogOutError`].
    pub async fn log_out(&self, caller: &Caller) -> Result<(), LogOutError> {
        let session = caller.session.ok_or(LogOutError::NoSession)?;
        self.end(caller, Some(session)).await
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    ///
    /// [`LogOutError`].
    pub async fn log_out_of(&self, caller: &Caller, session: SessionId) -> Result<(), LogOutError> {
        self.end(caller, Some(session)).await
    }

    /// Ends all of the caller's sessions, and refuses every token issued before.
    ///
    /// # Errors
    ///
    /// [`LogOutError`].
    pub async fn log_out_everywhere(&self, caller: &Caller) -> Result<(), LogOutError> {
        self.end(caller, None).await
    }

    async fn end(&self, caller: &Caller, session: Option<SessionId>) -> Result<(), LogOutError> {
        let (user, code, at) = (caller.user.clone(), EndingCode::SessionRevoked, self.clock.now());
        if !self.store.end(Ending { user, session, code, at }, caller.by()).await? {
            return Err(LogOutError::Unknown);
        }
        tracing::info!(user.id = %caller.user.id, all = session.is_none(), "user logged out");
        Ok(())
    }
}
