use super::Publishing;
use crate::model::{Change, ChangeType, Document, DocumentTooLarge, ReservedType, UserRef};
use crate::store::{Published, StoreError};
use serde_json::{Map, Value};

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Not a type a backend may publish.
    #[error(transparent)]
    Type(#[from] ReservedType),
    /// The tenant has no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// `data`, or what it would be merged into, is too large.
    #[error(transparent)]
    TooLarge(#[from] DocumentTooLarge),
    /// Nothing was kept.
    #[error("the change could not be kept")]
    Store(#[from] StoreError),
}

impl Publishing {
    /// Records a change of a user, in one new version, and tells the user's devices after the
    /// commit. `kyc.updated` and `user.updated` merge `data` into the document.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing is kept then.
    pub async fn publish(
        &self,
        user: &UserRef,
        kind: &str,
        data: &Map<String, Value>,
    ) -> Result<Change, PublishError> {
        let kind = ChangeType::published(kind)?;
        let data = Document::new(data)?;
        match self.store.publish(user.clone(), kind, data, self.clock.now()).await? {
            Published::Done(change) => Ok(*change),
            Published::UnknownUser => Err(PublishError::UnknownUser),
            Published::TooLarge => Err(PublishError::TooLarge(DocumentTooLarge)),
        }
    }
}
