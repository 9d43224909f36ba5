use super::Publishing;
use crate::model::{By, Precondition, UserRef};
use crate::store::{Deleted, StoreError};

/// Why a user stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteUserError {
    /// The tenant has no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The user is no longer what the caller thinks.
    #[error("the user has changed since: its cursor is not the one in If-Match")]
    Stale,
    /// Nothing was removed.
    #[error("the user could not be removed")]
    Store(#[from] StoreError),
}

impl Publishing {
    /// Removes a user with its history, sessions, links, and queued mails. Its connections end, and
    /// its tokens are refused. Nobody is mailed: the application knows best what to say.
    ///
    /// # Errors
    ///
    /// [`DeleteUserError`]; nothing has changed then.
    pub async fn delete_user(
        &self,
        user: &UserRef,
        precondition: Precondition,
        by: By,
    ) -> Result<(), DeleteUserError> {
        let now = self.clock.now();
        match self.store.delete_user(user.clone(), precondition, by, now).await? {
            Deleted::Done => {
                tracing::info!(user.id = %user.id, tenant = %user.tenant, "a backend removed a user");
                Ok(())
            }
            Deleted::Stale => Err(DeleteUserError::Stale),
            Deleted::Unknown => Err(DeleteUserError::UnknownUser),
        }
    }
}
