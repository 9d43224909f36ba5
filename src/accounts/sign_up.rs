use super::passwords::{Busy, NotAccepted, WeakPassword, salt_for_unknown};
use super::{Accounts, Client, LINK_TTL};
use crate::model::{BadEmail, EmailAddress, TenantName};
use crate::store::{NewLink, SignUp, StoreError};
use std::time::Duration;
use uuid::Uuid;

/// Why nobody was signed up.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The address is none.
    #[error(transparent)]
    Email(#[from] BadEmail),
    /// The password would be guessed.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// This client has signed up often enough for now.
    #[error("too many sign-ups from here")]
    TooMany(Duration),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was kept.
    #[error("the sign-up could not be kept")]
    Store(#[from] StoreError),
}

impl From<NotAccepted> for SignUpError {
    fn from(reason: NotAccepted) -> Self {
        match reason {
            NotAccepted::Weak(weak) => Self::Weak(weak),
            NotAccepted::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl Accounts {
    /// Makes an unverified account and queues its mail.
    ///
    /// Whether the address is known makes no difference to a caller: the same work, the same
    /// answer, an account that can log in either way.
    ///
    /// # Errors
    ///
    /// [`SignUpError`]; nothing is kept then.
    pub async fn sign_up(
        &self,
        email: &str,
        password: &str,
        client: Client,
    ) -> Result<(), SignUpError> {
        let email = EmailAddress::parse(email)?;
        let now = self.clock.now();
        let limit = Self::per_client("sign-up", &client.network, self.rules.sign_up);
        if let Some(wait) = self.take("sign_up", Vec::from_iter(limit)).await? {
            return Err(SignUpError::TooMany(wait));
        }
        let password = self.passwords.accept(password, Some(&email)).await?;
        let tenant = TenantName::built_in();
        let salt = self.store.salt(tenant.clone(), email.key().to_owned()).await?;
        let salt = salt.unwrap_or_else(|| salt_for_unknown(&self.secret, &email));
        let password = self.passwords.hash(&password, &salt).await?.into_bytes();
        let id = Uuid::now_v7();
        let digest = self.secret.link(id.as_bytes()).digest();
        let link = NewLink { id, digest, expires_at: now.after(LINK_TTL) };
        let hint = email.hint();
        let user = self
            .store
            .sign_up(SignUp {
                tenant,
                email,
                salt,
                password,
                client: client.network,
                device: client.device,
                languages: client.languages,
                link,
                now,
            })
            .await?;
        metrics::counter!("afterclick_sign_ups_total").increment(1);
        tracing::info!(user.id = %user.id, user.email = %hint, "somebody signed up");
        Ok(())
    }
}
