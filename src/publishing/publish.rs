use super::Publishing;
use crate::model::{
    BadIdempotencyKey, Change, ChangeType, Document, DocumentTooLarge, IdempotencyKey, Once,
    ReservedType, UserRef,
};
use crate::store::{NewEvent, Published, StoreError};
use serde::{Deserialize, Serialize};
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
    /// The key cannot be one.
    #[error(transparent)]
    BadKey(#[from] BadIdempotencyKey),
    /// The key was used for another call.
    #[error("this idempotency key was used for another call within the last day")]
    OtherCall,
    /// Others that came before it could not be kept, and so this one was not tried.
    #[error("the changes before this one could not be kept, and it was not tried")]
    NotTried,
    /// Nothing was kept.
    #[error("the change could not be kept")]
    Store(#[from] StoreError),
}

/// A change as a backend publishes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is said of it.
    pub data: Map<String, Value>,
}

impl Publishing {
    /// Records a change of a user, in one new version, and tells the user's devices after the
    /// commit. `kyc.updated` and `user.updated` merge `data` into the document.
    ///
    /// With a key it is recorded once: within a day the same call gets the same answer, at the same
    /// time too.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing is kept then.
    pub async fn publish(
        &self,
        user: &UserRef,
        event: &Event,
        key: Option<IdempotencyKey>,
    ) -> Result<Change, PublishError> {
        let event = event.of(user.clone(), key)?;
        outcome(self.store.publish(event, self.clock.now()).await?)
    }
}

impl Event {
    /// The same, checked.
    pub(super) fn of(
        &self,
        user: UserRef,
        key: Option<IdempotencyKey>,
    ) -> Result<NewEvent, PublishError> {
        let body = || serde_json::to_string(self).unwrap_or_default();
        let once = key.map(|key| Once::new(key, "POST events", &user, &body()));
        let (kind, data) = (ChangeType::published(&self.kind)?, Document::new(&self.data)?);
        Ok(NewEvent { user, kind, data, once })
    }
}

/// What a caller is told of what came of a change.
pub(super) fn outcome(published: Published) -> Result<Change, PublishError> {
    match published {
        Published::Done(change) => Ok(*change),
        Published::Mismatch => Err(PublishError::OtherCall),
        Published::UnknownUser => Err(PublishError::UnknownUser),
        Published::TooLarge => Err(PublishError::TooLarge(DocumentTooLarge)),
    }
}
