use super::{Accounts, Caller};
use crate::model::{Change, Cursor, User};
use crate::store::{Page, StoreError};

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The user has been deleted since its credential was issued.
    #[error("there is no such user")]
    UnknownUser,
    /// The log does not reach back to the cursor, or it is another epoch's.
    #[error("the log no longer reaches back to this cursor: take the present state instead")]
    Gone,
    /// It could not be read.
    #[error("the state cannot be read now")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// The caller's document.
    ///
    /// # Errors
    ///
    /// [`HistoryError`].
    pub async fn me(&self, caller: &Caller) -> Result<User, HistoryError> {
        self.store.user(caller.user.clone()).await?.ok_or(HistoryError::UnknownUser)
    }

    /// Up to `limit` of the caller's changes after a cursor, oldest first, or from the oldest kept;
    /// and where to go on.
    ///
    /// # Errors
    ///
    /// [`HistoryError`].
    pub async fn changes(
        &self,
        caller: &Caller,
        after: Option<Cursor>,
        limit: i64,
    ) -> Result<(Vec<Change>, Cursor), HistoryError> {
        match self.store.history(caller.user.clone(), after, limit).await? {
            Some(Page::Changes(changes, cursor)) => Ok((changes, cursor)),
            Some(Page::Gone) => Err(HistoryError::Gone),
            None => Err(HistoryError::UnknownUser),
        }
    }
}
