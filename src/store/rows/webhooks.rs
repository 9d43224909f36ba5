//! Webhooks and their messages, as operators see them.

use crate::model::{MessageId, Micros, Webhook, WebhookId};

/// A webhook, and how much there is for it.
#[derive(Debug, Clone)]
pub struct ListedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Messages that have not been delivered.
    pub waiting: i64,
    /// Messages that were given up, and are still kept.
    pub given_up: i64,
}

/// A message that was given up.
#[derive(Debug, Clone)]
pub struct DeadMessage {
    /// Its id.
    pub id: MessageId,
    /// Where it was to go.
    pub webhook: WebhookId,
    /// Whose change it tells.
    pub user: String,
    /// Which change.
    pub kind: String,
    /// When it was queued.
    pub made_at: Micros,
    /// How often it was tried.
    pub attempts: i64,
    /// What the last try failed with.
    pub cause: String,
}

/// Which given-up messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(MessageId),
    /// Those that were queued at or after this instant.
    Since(Micros),
}
