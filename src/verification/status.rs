use super::Verification;
use crate::model::{EmailAddress, Micros, OpaqueToken, TenantName};
use crate::store::{LinkState, StoreError};

/// Why a link's standing is not told.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Never issued, or not for this address any more.
    #[error("this link is not known")]
    UnknownLink,
    /// It could not be read.
    #[error("the link cannot be looked up now")]
    Store(#[from] StoreError),
}

/// A link's standing, as its page tells it.
#[derive(Debug, Clone)]
pub struct Status {
    /// Whose user it is about.
    pub tenant: TenantName,
    /// Where it stands.
    pub state: LinkState,
    /// The address it confirms.
    pub email: Option<EmailAddress>,
    /// Until when it may be used.
    pub expires_at: Micros,
    /// When the account was made.
    pub account_made_at: Option<Micros>,
    /// From what kind of device.
    pub device: Option<String>,
    /// Whether the account's password is asked for, as others name the address too.
    pub needs_password: bool,
}

impl Verification {
    /// Where a link stands. Changes nothing, however often it is asked.
    ///
    /// # Errors
    ///
    /// [`StatusError`].
    pub async fn status(&self, link: &OpaqueToken) -> Result<Status, StatusError> {
        let link = self.store.link(link.digest(), self.clock.now()).await?;
        let link = link.ok_or(StatusError::UnknownLink)?;
        Ok(Status {
            tenant: link.user.tenant,
            state: link.state,
            email: link.email,
            expires_at: link.expires_at,
            account_made_at: link.account_made_at,
            device: link.device,
            needs_password: link.rivals.is_some(),
        })
    }
}
