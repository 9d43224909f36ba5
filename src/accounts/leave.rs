use super::passwords::Busy;
use super::{Accounts, Caller};
use crate::model::Languages;
use crate::store::{Proved, StoreError};
use std::time::Duration;

/// Why an account stays.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// The password is another.
    #[error("that is not the password of this account")]
    WrongPassword,
    /// The account has none: whoever brought it, an issuer or a backend, removes it.
    #[error("this account has no password here: whoever made it can delete it")]
    NoPassword,
    /// The user has been deleted before.
    #[error("there is no such user")]
    UnknownUser,
    /// It was tried often enough for now.
    #[error("too many tries, try again in a while")]
    TooMany(Duration),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was removed.
    #[error("the account could not be deleted now")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Deletes the caller's own account, with all that is kept of it: its streams end with
    /// `user_deleted`, and its tokens are refused.
    ///
    /// It takes the password: a browser that was left open must not be enough.
    ///
    /// # Errors
    ///
    /// [`LeaveError`]; nothing has changed then.
    pub async fn leave(
        &self,
        caller: &Caller,
        password: &str,
        languages: Languages,
    ) -> Result<(), LeaveError> {
        let (email, salt) = self.salted(caller).await?.ok_or(LeaveError::NoPassword)?;
        if let Some(wait) = self.take("password", Vec::from_iter(self.guesses(&email))).await? {
            return Err(LeaveError::TooMany(wait));
        }
        let present = self.presented(password, &salt).await?.into_bytes();
        let (user, now) = (caller.user.clone(), self.clock.now());
        match self.store.leave(user, present, languages, caller.by(), now).await? {
            Proved::Done => {
                tracing::info!(user.id = %caller.user.id, "user deleted the account");
                Ok(())
            }
            Proved::WrongPassword => Err(LeaveError::WrongPassword),
            Proved::NoPassword => Err(LeaveError::NoPassword),
            Proved::Unknown => Err(LeaveError::UnknownUser),
        }
    }
}
