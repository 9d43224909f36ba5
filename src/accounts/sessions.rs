use super::{Accounts, Caller};
use crate::store::{Session, StoreError};

/// One of a user's sessions, with what it holds open, on any node.
#[derive(Debug, Clone)]
pub struct Device {
    /// The session.
    pub session: Session,
    /// How many streams it has open.
    pub live_streams: usize,
    /// Whether it is the caller's own.
    pub current: bool,
}

impl Accounts {
    /// The caller's sessions, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Device>, StoreError> {
        let sessions = self.store.sessions(caller.user.clone(), self.clock.now()).await?;
        let connections = self.feed.connections_everywhere(&caller.user).await.connections;
        Ok(sessions
            .into_iter()
            .map(|session| Device {
                live_streams: connections.streams_of(session.id),
                current: caller.session == Some(session.id),
                session,
            })
            .collect())
    }
}
