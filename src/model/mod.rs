//! Plain values: what the service speaks of, parsed once at the edge, and no framework.

mod accent;
mod act;
mod change;
mod cursor;
mod email;
mod idempotency;
mod ids;
mod json;
mod languages;
mod micros;
mod precondition;
mod reach;
mod scope;
mod secret;
mod tenant;
mod user;
mod webhook;

pub use accent::{Accent, Colour};
pub use act::{Act, Actor, By, Deed};
pub use change::{Change, ChangeType, ReservedType};
pub use cursor::{Cursor, Epoch, Version};
pub use email::{BadEmail, EmailAddress};
pub use idempotency::{BadIdempotencyKey, IdempotencyKey, Once};
pub use ids::{BadName, Ending, EndingCode, SessionId, TenantName, UserId, UserRef};
pub use json::{Document, DocumentTooLarge, MAX_DOCUMENT};
pub use languages::Languages;
pub use micros::Micros;
pub use precondition::Precondition;
pub use reach::is_public;
pub use scope::{Scope, Scopes};
pub use secret::{Code, Digest, OpaqueToken, ServerSecret};
pub use tenant::{TenantSetting, TenantSettings};
pub use user::User;
pub use webhook::{Delivery, MessageId, Settled, Webhook, WebhookId, farewell, payload};

/// What a committed transaction has to tell the rest of the process, in commit order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// A user changed.
    Changed(UserRef, Change),
    /// Connections and credentials of a user ended.
    Ended(Ending),
    /// A letter was queued for the mail worker.
    Queued,
    /// A message was queued for a webhook.
    MessageQueued,
}
