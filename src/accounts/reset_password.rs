use super::Accounts;
use super::passwords::{Busy, NotAccepted, WeakPassword};
use crate::model::{By, EmailAddress, Languages, OpaqueToken};
use crate::store::{Reset, ResetState, StoreError};
use std::sync::Arc;

/// Why a link gave no new password.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// Never issued, or its address is another's by now.
    #[error("this link is not known")]
    UnknownLink,
    /// Older than an hour.
    #[error("this link has expired: ask for another")]
    ExpiredLink,
    /// It, or one mailed beside it, has been used.
    #[error("this link has been used: ask for another")]
    UsedLink,
    /// The new password would be guessed.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was changed; the link may be tried again.
    #[error("the password could not be changed now")]
    Store(#[from] StoreError),
}

impl From<NotAccepted> for ResetPasswordError {
    fn from(reason: NotAccepted) -> Self {
        match reason {
            NotAccepted::Weak(weak) => Self::Weak(weak),
            NotAccepted::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl Accounts {
    /// Whose password a link is for, where it may still be used. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`ResetPasswordError`], for a link that gives no new password.
    pub async fn reset_link(&self, link: &OpaqueToken) -> Result<EmailAddress, ResetPasswordError> {
        Ok(self.pending(link).await?.email)
    }

    /// Spends a link: the account has the new password, and every session of it ends.
    ///
    /// `request` is the request's id. Nobody is logged in by it: whoever has the mail and the password can do that.
    ///
    /// # Errors
    ///
    /// [`ResetPasswordError`]; nothing has changed then.
    pub async fn reset_password(
        &self,
        link: &OpaqueToken,
        password: &str,
        languages: Languages,
        request: Option<Arc<str>>,
    ) -> Result<(), ResetPasswordError> {
        let reset = self.pending(link).await?;
        let password = self.passwords.accept(password, Some(&reset.email)).await?;
        let hash = self.passwords.hash(&password, &reset.salt).await?.into_bytes();
        let now = self.clock.now();
        let (digest, by) = (link.digest(), By::link(request));
        let was = self.store.reset_password(digest, hash, languages, by, now).await?;
        usable(was)?;
        metrics::counter!("afterclick_password_resets_total", "step" => "done").increment(1);
        tracing::info!(user.email = %reset.email.hint(), "a password was reset by mail");
        Ok(())
    }

    async fn pending(&self, link: &OpaqueToken) -> Result<Reset, ResetPasswordError> {
        let reset = self.store.show_reset(link.digest(), self.clock.now()).await?;
        usable(reset.as_ref().map(|reset| reset.state))?;
        reset.ok_or(ResetPasswordError::UnknownLink)
    }
}

fn usable(state: Option<ResetState>) -> Result<(), ResetPasswordError> {
    match state {
        Some(ResetState::Pending) => Ok(()),
        Some(ResetState::Used) => Err(ResetPasswordError::UsedLink),
        Some(ResetState::Expired) => Err(ResetPasswordError::ExpiredLink),
        None => Err(ResetPasswordError::UnknownLink),
    }
}
