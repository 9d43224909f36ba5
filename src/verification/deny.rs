use super::Verification;
use crate::model::{By, OpaqueToken};
use crate::store::{Denied, StoreError};
use std::sync::Arc;

/// Why a link could not be denied.
#[derive(Debug, thiserror::Error)]
pub enum DenyError {
    /// Never issued, or not for this address any more.
    #[error("this link is not known")]
    UnknownLink,
    /// Too old.
    #[error("this link has expired")]
    ExpiredLink,
    /// Nothing was changed.
    #[error("the account could not be removed now")]
    Store(#[from] StoreError),
}

/// What became of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Whether it was removed; a verified one is left alone.
    pub removed: bool,
}

impl Verification {
    /// "This was not me": removes the account of the link with its sessions, while it is unverified.
    /// `request` is the request's id.
    ///
    /// # Errors
    ///
    /// [`DenyError`]; nothing has changed then.
    pub async fn deny(
        &self,
        link: &OpaqueToken,
        request: Option<Arc<str>>,
    ) -> Result<Denial, DenyError> {
        let denied = self.store.deny(link.digest(), By::link(request), self.clock.now()).await?;
        let removed = match denied {
            Denied::Removed => true,
            Denied::LeftAlone => false,
            Denied::Expired => return Err(DenyError::ExpiredLink),
            Denied::Unknown => return Err(DenyError::UnknownLink),
        };
        let outcome = if removed { "removed" } else { "left_alone" };
        metrics::counter!("afterclick_denials_total", "outcome" => outcome).increment(1);
        Ok(Denial { removed })
    }
}
