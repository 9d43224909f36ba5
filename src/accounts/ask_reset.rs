use super::{Accounts, Client, RESET_TTL};
use crate::model::{BadEmail, EmailAddress, TenantName};
use crate::store::{NewReset, StoreError};
use std::time::Duration;
use uuid::Uuid;

/// Why no mail will be sent.
#[derive(Debug, thiserror::Error)]
pub enum AskResetError {
    /// The address is none.
    #[error(transparent)]
    Email(#[from] BadEmail),
    /// This client has asked often enough for now.
    #[error("too many requests for a new password from here")]
    TooMany(Duration),
    /// Nothing was queued.
    #[error("the request for a new password could not be kept")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Somebody has forgotten the password of an address: queues a mail with a link.
    ///
    /// The same is written for every address. Whether an account has verified it is looked up when
    /// the mail is about to leave, so that neither the answer nor its time can tell.
    ///
    /// # Errors
    ///
    /// [`AskResetError`].
    pub async fn ask_reset(&self, email: &str, client: Client) -> Result<(), AskResetError> {
        let email = EmailAddress::parse(email)?;
        let limit = Self::per_client("password-reset", &client.network, self.rules.password_reset);
        if let Some(wait) = self.take("password_reset", Vec::from_iter(limit)).await? {
            return Err(AskResetError::TooMany(wait));
        }
        let (now, id) = (self.clock.now(), Uuid::now_v7());
        let digest = self.secret.reset(id.as_bytes()).digest();
        let new = NewReset {
            tenant: TenantName::built_in(),
            email,
            id,
            digest,
            languages: client.languages,
            now,
            expires_at: now.after(RESET_TTL),
        };
        self.store.ask_reset(new).await?;
        metrics::counter!("afterclick_password_resets_total", "step" => "asked").increment(1);
        Ok(())
    }
}
