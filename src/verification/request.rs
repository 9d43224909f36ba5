use super::Verification;
use crate::accounts::LINK_TTL;
use crate::model::{Languages, Micros, UserRef};
use crate::store::{NewLink, Resent, StoreError};
use std::time::Duration;
use uuid::Uuid;

/// How soon another mail may be asked for.
const GAP: Duration = Duration::from_mins(1);

/// Why no mail was queued.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The last mail is too fresh, or there were too many.
    #[error("a mail is on its way: wait a moment before asking for another")]
    Wait(Duration),
    /// The account has no address.
    #[error("this account has no address to verify")]
    NoAddress,
    /// The user has been deleted since its credential was issued.
    #[error("there is no such user")]
    UnknownUser,
    /// Nothing was queued.
    #[error("the mail could not be queued")]
    Store(#[from] StoreError),
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// A mail is on its way, and earlier ones stay good.
    Sent {
        /// Until when its link is good.
        expires_at: Micros,
        /// How soon another may be asked for.
        retry_after: Duration,
    },
    /// The address is verified; no mail.
    Already,
}

impl Verification {
    /// Queues another mail with a link and a code, in one of `languages` where there is one.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub async fn request(
        &self,
        user: &UserRef,
        languages: Languages,
    ) -> Result<Requested, RequestError> {
        let (now, id) = (self.clock.now(), Uuid::now_v7());
        let digest = self.secret.link(id.as_bytes()).digest();
        let link = NewLink { id, digest, expires_at: now.after(LINK_TTL) };
        match self.store.resend(user.clone(), link, languages, now).await? {
            Resent::Sent(expires_at) => Ok(Requested::Sent { expires_at, retry_after: GAP }),
            Resent::Already => Ok(Requested::Already),
            Resent::Wait(wait) => {
                metrics::counter!("afterclick_limits_hit_total", "limit" => "resend").increment(1);
                Err(RequestError::Wait(wait))
            }
            Resent::NoAddress => Err(RequestError::NoAddress),
            Resent::Unknown => Err(RequestError::UnknownUser),
        }
    }
}
