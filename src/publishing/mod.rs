//! What an application's backend may do: bring users, publish, and hold keys.

mod connections;
mod delete_user;
mod find_users;
mod keys;
mod publish;
mod publish_all;
mod put_user;

pub use delete_user::DeleteUserError;
pub use keys::KeyError;
pub use publish::{Event, PublishError};
pub use publish_all::{PublishAllError, Row};
pub use put_user::{PutUserError, Said};

use crate::clock::Clock;
use crate::feed::Feed;
use crate::model::ServerSecret;
use crate::store::Store;
use std::sync::Arc;

/// The backend's side.
pub struct Publishing {
    store: Store,
    feed: Arc<Feed>,
    secret: ServerSecret,
    clock: Arc<dyn Clock>,
}

impl Publishing {
    /// Puts the parts together.
    pub fn new(store: Store, feed: Arc<Feed>, secret: ServerSecret, clock: Arc<dyn Clock>) -> Self {
        Self { store, feed, secret, clock }
    }
}
