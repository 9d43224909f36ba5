use super::Verification;
use crate::accounts::LINK_TTL;
use crate::model::{By, Code, IdempotencyKey, Languages, Micros, Once, OpaqueToken, UserRef};
use crate::store::{Issued, NewLink, StoreError, WantedLink};
use std::time::Duration;
use uuid::Uuid;

/// Why no link was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The tenant has no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The user has no address.
    #[error("this user has no address to verify")]
    NoAddress,
    /// Nobody but the one who has verified the address can.
    #[error("another user has verified this address")]
    EmailTaken,
    /// The last mail is too fresh, or there were too many.
    #[error("the last mail is too fresh, or there were too many: wait a while")]
    Wait(Duration),
    /// The key was used for another call.
    #[error("this Idempotency-Key was used for another call within the last day")]
    OtherCall,
    /// Nothing was kept.
    #[error("the link could not be kept")]
    Store(#[from] StoreError),
}

/// What a backend gets for its user.
#[derive(Debug, Clone)]
pub enum Issue {
    /// A mail is on its way, whose link is good until then.
    Delivered(Micros),
    /// For a mail of the application's own: whoever has one of the two can verify the address.
    Handed {
        /// The link's token.
        link: OpaqueToken,
        /// The code, which is good for 15 minutes.
        code: Code,
        /// Until when the link is good.
        expires_at: Micros,
    },
    /// The address is verified.
    Already,
}

impl Verification {
    /// Makes a link and a code for a user of a backend's, to be mailed here where `deliver` is set,
    /// within the limits that hold when users ask: one a minute, and five an hour for a user and for
    /// an address. Links made before stay good.
    ///
    /// With a key it is done once: within a day the same call gets the same link.
    ///
    /// # Errors
    ///
    /// [`IssueError`]; nothing is made then.
    pub async fn issue(
        &self,
        user: &UserRef,
        deliver: bool,
        key: Option<IdempotencyKey>,
        languages: Languages,
        by: By,
    ) -> Result<Issue, IssueError> {
        let (now, id) = (self.clock.now(), Uuid::now_v7());
        let digest = self.secret.link(id.as_bytes()).digest();
        let link = NewLink { id, digest, expires_at: now.after(LINK_TTL) };
        let body = if deliver { "deliver" } else { "hand over" };
        let once = key.map(|key| Once::new(key, "POST verifications", user, body));
        let wanted = WantedLink { user: user.clone(), link, deliver, once, languages, by, now };
        match self.store.issue_link(wanted).await? {
            Issued::Done(_, expires_at) if deliver => Ok(Issue::Delivered(expires_at)),
            Issued::Done(id, expires_at) => Ok(Issue::Handed {
                link: self.secret.link(id.as_bytes()),
                code: self.secret.code(id.as_bytes()),
                expires_at,
            }),
            Issued::Already => Ok(Issue::Already),
            Issued::Mismatch => Err(IssueError::OtherCall),
            Issued::Wait(wait) => {
                metrics::counter!("afterclick_limits_hit_total", "limit" => "resend").increment(1);
                Err(IssueError::Wait(wait))
            }
            Issued::NoAddress => Err(IssueError::NoAddress),
            Issued::Taken => Err(IssueError::EmailTaken),
            Issued::Unknown => Err(IssueError::UnknownUser),
        }
    }
}
