use super::{Accounts, passwords};
use crate::model::{EmailAddress, Micros, UserRef};
use crate::store::{FirstSight, StoreError};

/// A user of an external issuer, who may not be there yet.
#[derive(Debug)]
pub struct Newcomer(FirstSight);

impl Accounts {
    /// The user, with the address that is claimed for it; `None` where it was there within the last 5 s.
    pub(super) fn newcomer(
        &self,
        user: UserRef,
        email: Option<EmailAddress>,
        email_verified: bool,
        now: Micros,
    ) -> Option<Newcomer> {
        // Removed since, at any node, it is a new user's first sight again.
        if self.met.get(&user, now).is_some_and(|at| !self.feed.refuses(&user, None, at)) {
            return None;
        }
        let salt = email.as_ref().map(|email| passwords::salt_for_unknown(&self.secret, email));
        let salt = salt.unwrap_or_default();
        Some(Newcomer(FirstSight { user, email, email_verified, salt, now }))
    }

    /// Makes the user, unless it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database could not; nothing is kept then.
    pub async fn welcome(&self, Newcomer(sight): Newcomer) -> Result<(), StoreError> {
        self.store.first_sight(sight).await.map(drop)
    }

    /// The same, for one of whom nobody knows that it is not there.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn meet(&self, newcomer: Newcomer) -> Result<(), StoreError> {
        let Newcomer(FirstSight { user, now, .. }) = &newcomer;
        let (user, now) = (user.clone(), *now);
        if self.store.user(user.clone()).await?.is_none() {
            self.welcome(newcomer).await?;
        }
        self.met.put(user, now, now);
        Ok(())
    }
}
