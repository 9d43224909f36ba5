use super::Publishing;
use crate::feed::Everywhere;
use crate::model::{By, UserRef};
use crate::store::StoreError;

impl Publishing {
    /// Who of a user's is connected to any node, as [`Feed::connections_everywhere`] has it; `None`
    /// where the tenant has no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it is not known whether there is one.
    ///
    /// [`Feed::connections_everywhere`]: crate::feed::Feed::connections_everywhere
    pub async fn connections(&self, user: &UserRef) -> Result<Option<Everywhere>, StoreError> {
        if self.store.user(user.clone()).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(self.feed.connections_everywhere(user).await))
    }

    /// Ends all connections that a user has now, each with `disconnected`; whether there is such a
    /// user. Sessions and tokens stay good: whoever wants them gone removes the user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be kept, and so other nodes would not hear of it.
    pub async fn disconnect(&self, user: &UserRef, by: By) -> Result<bool, StoreError> {
        let found = self.store.disconnect(user.clone(), by, self.clock.now()).await?;
        if found {
            tracing::info!(user.id = %user.id, tenant = %user.tenant, "a backend disconnected a user");
        }
        Ok(found)
    }
}
