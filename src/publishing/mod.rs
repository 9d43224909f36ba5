//! What an application's backend may do: bring users, publish, hold keys, and have its changes sent
//! to it; and the tenants whose backends they are.

mod connections;
mod delete_user;
mod find_users;
mod keys;
mod known;
mod publish;
mod publish_all;
mod put_user;
mod tenants;
mod webhooks;

pub use delete_user::DeleteUserError;
pub use keys::KeyError;
pub use known::KnownTenants;
pub use publish::{Event, PublishError};
pub use publish_all::{PublishAllError, Row};
pub use put_user::{PutUserError, Said};
pub use webhooks::{NewWebhook, WebhookError};

use crate::clock::Clock;
use crate::feed::Feed;
use crate::model::ServerSecret;
use crate::store::Store;
use crate::webhooks::Reach;
use std::sync::Arc;

/// The backend's side.
pub struct Publishing {
    store: Store,
    feed: Arc<Feed>,
    secret: ServerSecret,
    reach: Reach,
    clock: Arc<dyn Clock>,
}

impl Publishing {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        feed: Arc<Feed>,
        secret: ServerSecret,
        reach: Reach,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, feed, secret, reach, clock }
    }
}
