use super::passwords::{Busy, NotAccepted, Password, PasswordHash, WeakPassword};
use super::{Accounts, Caller};
use crate::model::{EmailAddress, Languages};
use crate::store::{NewPassword, Proved, StoreError};
use std::time::Duration;

/// Why a password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// What was given as the present password is not.
    #[error("that is not the present password")]
    WrongPassword,
    /// The account has none: it came from an issuer or a backend.
    #[error("this account has no password")]
    NoPassword,
    /// The new one would be guessed.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The user has been deleted since its credential was issued.
    #[error("there is no such user")]
    UnknownUser,
    /// It was tried often enough for now.
    #[error("too many tries, try again in a while")]
    TooMany(Duration),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was changed.
    #[error("the password could not be changed now")]
    Store(#[from] StoreError),
}

impl From<NotAccepted> for ChangePasswordError {
    fn from(reason: NotAccepted) -> Self {
        match reason {
            NotAccepted::Weak(weak) => Self::Weak(weak),
            NotAccepted::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl Accounts {
    /// Changes the caller's password, and logs every other device out.
    ///
    /// # Errors
    ///
    /// [`ChangePasswordError`]; nothing has changed then.
    pub async fn change_password(
        &self,
        caller: &Caller,
        present: &str,
        new: &str,
        languages: Languages,
    ) -> Result<(), ChangePasswordError> {
        let (email, salt) = self.salted(caller).await?.ok_or(ChangePasswordError::NoPassword)?;
        if let Some(wait) = self.take("password", Vec::from_iter(self.guesses(&email))).await? {
            return Err(ChangePasswordError::TooMany(wait));
        }
        let new = self.passwords.accept(new, Some(&email)).await?;
        let present = self.presented(present, &salt).await?;
        let new = self.passwords.hash(&new, &salt).await?;
        let changed = NewPassword {
            user: caller.user.clone(),
            present: present.into_bytes(),
            new: new.into_bytes(),
            by: caller.by(),
            keep: caller.session,
            languages,
            now: self.clock.now(),
        };
        match self.store.change_password(changed).await? {
            Proved::Done => {
                tracing::info!(user.id = %caller.user.id, "user changed the password");
                Ok(())
            }
            Proved::WrongPassword => Err(ChangePasswordError::WrongPassword),
            Proved::NoPassword => Err(ChangePasswordError::NoPassword),
            Proved::Unknown => Err(ChangePasswordError::UnknownUser),
        }
    }

    /// The caller's address, and the salt of its password; `None` without either.
    pub(super) async fn salted(
        &self,
        caller: &Caller,
    ) -> Result<Option<(EmailAddress, [u8; 16])>, StoreError> {
        let user = self.store.user(caller.user.clone()).await?;
        let email = user.and_then(|user| EmailAddress::parse(&user.email?).ok());
        let Some(email) = email else { return Ok(None) };
        let salt = self.store.password_salt(caller.user.clone()).await?;
        Ok(salt.map(|salt| (email, salt)))
    }

    /// The hash of what the caller presents as the password.
    pub(super) async fn presented(
        &self,
        password: &str,
        salt: &[u8; 16],
    ) -> Result<PasswordHash, Busy> {
        self.passwords.hash(&Password::presented(password), salt).await
    }
}
