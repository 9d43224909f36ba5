use super::Publishing;
use crate::model::{EmailAddress, TenantName, User, UserId, UserRef};
use crate::store::StoreError;

impl Publishing {
    /// The user's document; `None` where the tenant has no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be read.
    pub async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.store.user(user.clone()).await
    }

    /// A page of the tenant's users in an order that stays, from the first or after the one named;
    /// with `email` only those who name this address, verified or not. With it the id after which
    /// the next page begins, where there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn users(
        &self,
        tenant: &TenantName,
        email: Option<EmailAddress>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<User>, Option<String>), StoreError> {
        let one_more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let mut users = self.store.users(tenant.clone(), email, after, one_more).await?;
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more).map(|last| last.id.clone());
        Ok((users, next))
    }
}
