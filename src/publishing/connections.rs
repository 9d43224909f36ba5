use super::Publishing;
use crate::feed::Connections;
use crate::model::{By, UserRef};
use crate::store::StoreError;

impl Publishing {
    /// Who of a user's is connected; `None` where the tenant has no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it is not known whether there is one.
    pub async fn connections(&self, user: &UserRef) -> Result<Option<Connections>, StoreError> {
        let known = self.store.user(user.clone()).await?.is_some();
        Ok(known.then(|| self.feed.connections(user)))
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
