//! What an application's backend may do: publish, and hold keys; and the tenants whose backends
//! they are.

mod keys;
mod known;
mod publish;
mod tenants;

pub use keys::KeyError;
pub use known::KnownTenants;
pub use publish::PublishError;

use crate::clock::Clock;
use crate::store::Store;
use std::sync::Arc;

/// The backend's side.
pub struct Publishing {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Publishing {
    /// Puts the parts together.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}
