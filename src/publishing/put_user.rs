use super::Publishing;
use crate::accounts::passwords::salt_for_unknown;
use crate::model::{
    BadEmail, By, Document, DocumentTooLarge, EmailAddress, IdempotencyKey, Languages, Once,
    Precondition, User, UserRef,
};
use crate::store::{Put, PutUser, StoreError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Why a user stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum PutUserError {
    /// The address is none.
    #[error(transparent)]
    Email(#[from] BadEmail),
    /// Another user of the tenant has verified the address.
    #[error("another user has verified this address")]
    EmailTaken,
    /// There is no address that could be verified.
    #[error("a user without an address cannot have it verified")]
    NoAddress,
    /// `kyc` or `attributes` would be too large.
    #[error(transparent)]
    TooLarge(#[from] DocumentTooLarge),
    /// The user is not, or no longer, what the caller thinks.
    #[error("the user has changed since: its cursor is not the one in If-Match")]
    Stale,
    /// The key was used for another call.
    #[error("this Idempotency-Key was used for another call within the last day")]
    OtherCall,
    /// Nothing was kept.
    #[error("the user could not be kept")]
    Store(#[from] StoreError),
}

/// What a backend says of a user; what is `None` stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The address, as typed; `Some(None)` takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    /// Whether the application has verified the address itself.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// What is merged into `attributes` (RFC 7396).
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
    /// What is merged into `kyc`, likewise.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kyc: Option<Map<String, Value>>,
}

impl Publishing {
    /// Makes a user what its backend says, in one new version, or in none where nothing differs;
    /// whether it was made, and its document.
    ///
    /// Another address is unverified unless `said` has it verified; links and codes sent before are
    /// unknown from then on, and the old address is told where the user had verified it. A verified
    /// address is taken from everybody else who names it.
    ///
    /// # Errors
    ///
    /// [`PutUserError`]; nothing has changed then.
    pub async fn put_user(
        &self,
        user: &UserRef,
        said: Said,
        precondition: Precondition,
        key: Option<IdempotencyKey>,
        languages: Languages,
        by: By,
    ) -> Result<(bool, User), PutUserError> {
        let document = |members: &Map<String, Value>| Document::new(members);
        let attributes = said.attributes.as_ref().map(document).transpose()?;
        let kyc = said.kyc.as_ref().map(document).transpose()?;
        let body = serde_json::to_string(&said).unwrap_or_default();
        let once = key.map(|key| Once::new(key, "PUT", user, &body));
        let parse = |email: Option<String>| email.map(|email| EmailAddress::parse(&email));
        let email = said.email.map(|email| parse(email).transpose()).transpose()?;
        let salt = email.iter().flatten().map(|email| salt_for_unknown(&self.secret, email)).next();
        let new = PutUser {
            user: user.clone(),
            email,
            email_verified: said.email_verified,
            attributes,
            kyc,
            precondition,
            once,
            languages,
            salt: salt.unwrap_or_default(),
            by,
            now: self.clock.now(),
        };
        match self.store.put_user(new).await? {
            Put::Done { created, user } => Ok((created, *user)),
            Put::Mismatch => Err(PutUserError::OtherCall),
            Put::Stale => Err(PutUserError::Stale),
            Put::Taken => Err(PutUserError::EmailTaken),
            Put::NoAddress => Err(PutUserError::NoAddress),
            Put::TooLarge => Err(PutUserError::TooLarge(DocumentTooLarge)),
        }
    }
}

/// A member that is there, whose `null` is a value like others: that of a member that is not there
/// is [`None`].
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
