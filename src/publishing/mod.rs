//! What an application's backend may do: publish, hold keys, and have its changes sent to it.

mod keys;
mod publish;
mod webhooks;

pub use keys::KeyError;
pub use publish::PublishError;
pub use webhooks::{NewWebhook, WebhookError};

use crate::clock::Clock;
use crate::model::ServerSecret;
use crate::store::Store;
use crate::webhooks::Reach;
use std::sync::Arc;

/// The backend's side.
pub struct Publishing {
    store: Store,
    secret: ServerSecret,
    reach: Reach,
    clock: Arc<dyn Clock>,
}

impl Publishing {
    /// Puts the parts together.
    pub fn new(store: Store, secret: ServerSecret, reach: Reach, clock: Arc<dyn Clock>) -> Self {
        Self { store, secret, reach, clock }
    }
}
