//! Whether somebody reads an address: ask, click, type a code, say "this was not me".

mod code;
mod confirm;
mod deny;
mod issue;
mod request;
mod status;

pub use crate::store::LinkState;
pub use code::CodeError;
pub use confirm::{ConfirmError, Confirmation};
pub use deny::{Denial, DenyError};
pub use issue::{Issue, IssueError};
pub use request::{RequestError, Requested};
pub use status::{Status, StatusError};

use crate::accounts::passwords::Passwords;
use crate::clock::Clock;
use crate::model::ServerSecret;
use crate::store::Store;
use std::sync::Arc;

/// The verification of addresses.
pub struct Verification {
    store: Store,
    passwords: Passwords,
    secret: ServerSecret,
    clock: Arc<dyn Clock>,
}

impl Verification {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        passwords: Passwords,
        secret: ServerSecret,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, passwords, secret, clock }
    }
}
