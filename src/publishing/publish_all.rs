use super::publish::{Event, outcome};
use super::{PublishError, Publishing};
use crate::model::{Change, TenantName, UserRef};
use crate::store::{NewEvent, StoreError};

/// The most changes of a call.
const MOST: usize = 100;

/// How many of them share a transaction: few enough for a distant database to be done with them
/// well within its deadline.
const TOGETHER: usize = 25;

/// Why nothing at all was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishAllError {
    /// More than a call may have.
    #[error("at most 100 events can be published at once")]
    TooMany,
    /// Not even the first could be kept.
    #[error("the changes could not be kept")]
    Store(#[from] StoreError),
}

/// One of several changes.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose, as the backend wrote it.
    pub user_id: String,
    /// The change.
    pub event: Event,
    /// Its key, where it has one, as the backend wrote it.
    pub key: Option<String>,
}

impl Publishing {
    /// Records several changes as [`Self::publish`] does one, each whatever comes of the others;
    /// what came of each, in the order given, in which a user's changes are recorded too.
    ///
    /// A row that is `None` could not be read; it counts, and is not tried. When the database fails
    /// on the way, the changes from there on are not tried, so that no change overtakes one that is
    /// sent again.
    ///
    /// # Errors
    ///
    /// [`PublishAllError`]; nothing is kept then.
    pub async fn publish_all(
        &self,
        tenant: &TenantName,
        rows: Vec<Option<Row>>,
    ) -> Result<Vec<Result<Change, PublishError>>, PublishAllError> {
        if rows.len() > MOST {
            return Err(PublishAllError::TooMany);
        }
        let mut outcomes: Vec<Result<Change, PublishError>> = Vec::with_capacity(rows.len());
        let mut checked = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            outcomes.push(Err(PublishError::NotTried));
            match row.as_ref().map(|row| row.checked(tenant)) {
                Some(Ok(event)) => checked.push((place, event)),
                Some(Err(error)) => outcomes[place] = Err(error),
                None => {}
            }
        }
        for (number, chunk) in checked.chunks(TOGETHER).enumerate() {
            let events = chunk.iter().map(|(_, event)| event.clone()).collect();
            match self.store.publish_all(events, self.clock.now()).await {
                Ok(published) => {
                    for ((place, _), published) in chunk.iter().zip(published) {
                        outcomes[*place] = outcome(published);
                    }
                }
                Err(error) if number == 0 => return Err(error.into()),
                Err(error) => {
                    outcomes[chunk[0].0] = Err(error.into());
                    break;
                }
            }
        }
        Ok(outcomes)
    }
}

impl Row {
    fn checked(&self, tenant: &TenantName) -> Result<NewEvent, PublishError> {
        let id = self.user_id.parse().map_err(|_| PublishError::UnknownUser)?;
        let key = self.key.as_deref().map(str::parse).transpose()?;
        self.event.of(UserRef { tenant: tenant.clone(), id }, key)
    }
}
