use super::{Accounts, Limit};
use crate::model::{Digest, EmailAddress, OpaqueToken};
use crate::store::{Allowed, StoreError};
use std::time::Duration;

/// What is counted, under a name that the database keeps.
pub(super) type Counted = (String, u32, Duration);

impl Accounts {
    /// Takes one from each of the limits, or none; how long to wait where one is used up. `name` is
    /// that of the limit in the metrics.
    pub(super) async fn take(
        &self,
        name: &'static str,
        limits: Vec<Counted>,
    ) -> Result<Option<Duration>, StoreError> {
        if limits.is_empty() {
            return Ok(None);
        }
        match self.store.take(limits, self.clock.now()).await? {
            Allowed::Yes => Ok(None),
            Allowed::After(wait) => {
                metrics::counter!("afterclick_limits_hit_total", "limit" => name).increment(1);
                Ok(Some(wait))
            }
        }
    }

    /// The limit on guesses at the password of whoever has this address, in whatever way.
    pub(super) fn guesses(&self, email: &EmailAddress) -> Option<Counted> {
        let (count, per) = self.rules.log_in?;
        // By its digest: the names of limits are no list of addresses.
        let digest = Digest::of(email.key().as_bytes());
        let spelled = OpaqueToken::spelled(digest.bytes());
        Some((format!("log-in/address/{}", spelled.reveal()), count, per))
    }

    /// A limit on what one client does.
    pub(super) fn per_client(name: &str, client: &str, limit: Limit) -> Option<Counted> {
        limit.map(|(count, per)| (format!("{name}/{client}"), count, per))
    }
}
