use super::Verification;
use crate::accounts::passwords::{Busy, Password};
use crate::model::{Digest, OpaqueToken};
use crate::store::{Allowed, Confirmed, LinkState, StoreError};
use std::time::Duration;

/// How often the password beside one link may be tried.
const PASSWORD_TRIES: (u32, Duration) = (10, Duration::from_mins(1));

/// Why a link did not verify its address.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Never issued, or its address is no longer the account's.
    #[error("this link is not known")]
    UnknownLink,
    /// Too old.
    #[error("this link has expired")]
    ExpiredLink,
    /// Others have signed up with this address too: the link needs the password of its account.
    #[error("several accounts name this address: the password of this one is needed")]
    NeedsPassword,
    /// The password is not that of the link's account.
    #[error("the password is not the one of this account")]
    WrongPassword,
    /// Too many tries.
    #[error("too many tries, wait a moment")]
    TooMany(Duration),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was changed; the link may be tried again.
    #[error("the address could not be verified now")]
    Store(#[from] StoreError),
}

/// That an address is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// Whether it was before.
    pub already: bool,
}

impl Verification {
    /// Spends a link: its address is verified, and every device of its user told.
    ///
    /// Of two clicks at once one verifies and the other finds it done; both succeed. Nobody is
    /// logged in by it. `password` is what the page asked for where rivals name the address, so
    /// that the mail's owner cannot be made to verify an account that somebody else prepared.
    ///
    /// # Errors
    ///
    /// [`ConfirmError`]; nothing has changed then.
    pub async fn confirm(
        &self,
        link: &OpaqueToken,
        password: Option<&str>,
    ) -> Result<Confirmation, ConfirmError> {
        let (digest, now) = (link.digest(), self.clock.now());
        let password = match password.filter(|text| !text.is_empty()) {
            Some(text) => self.password(digest, text).await?,
            None => None,
        };
        let confirmed = self.store.confirm(digest, password, now).await?;
        metrics::counter!("afterclick_clicks_total", "outcome" => outcome(&confirmed)).increment(1);
        match confirmed {
            Confirmed::Now => Ok(Confirmation { already: false }),
            Confirmed::Already => Ok(Confirmation { already: true }),
            Confirmed::Expired => Err(ConfirmError::ExpiredLink),
            Confirmed::Unknown => Err(ConfirmError::UnknownLink),
            Confirmed::NeedsPassword if password.is_some() => Err(ConfirmError::WrongPassword),
            Confirmed::NeedsPassword => Err(ConfirmError::NeedsPassword),
        }
    }

    /// The hash of a typed password, where the link asks for one at all.
    async fn password(&self, link: Digest, text: &str) -> Result<Option<[u8; 32]>, ConfirmError> {
        let now = self.clock.now();
        let shown = self.store.link(link, now).await?;
        let pending = shown.filter(|shown| shown.state == LinkState::Pending);
        let Some(salt) = pending.and_then(|shown| shown.rivals) else { return Ok(None) };
        let (count, per) = PASSWORD_TRIES;
        let name = format!("verify/{}", OpaqueToken::spelled(link.bytes()).reveal());
        if let Allowed::After(wait) = self.store.take(vec![(name, count, per)], now).await? {
            return Err(ConfirmError::TooMany(wait));
        }
        let hash = self.passwords.hash(&Password::presented(text), &salt).await?;
        Ok(Some(hash.into_bytes()))
    }
}

fn outcome(confirmed: &Confirmed) -> &'static str {
    match confirmed {
        Confirmed::Now => "verified",
        Confirmed::Already => "already",
        Confirmed::Expired => "expired",
        Confirmed::NeedsPassword => "needs_password",
        Confirmed::Unknown => "unknown",
    }
}
