//! Webhooks, and what they are to be sent.

use super::{Database, Store};
use crate::model::{By, Delivery, Micros, Settled, TenantName, Webhook, WebhookId};
use crate::store::{DeadMessage, ListedWebhook, Queue, StoreError, Which, postgres, sqlite};
use std::time::Duration;

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Keeps a webhook; whether its tenant is there.
    pub async fn add_webhook(&self, webhook: Webhook, by: By) -> Result<bool, StoreError> {
        on_either!(self.write, webhooks::add(webhook, by))
    }

    /// The webhook of this id.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        on_either!(self.read, webhooks::find(id))
    }

    /// All webhooks, or a tenant's, oldest first.
    pub async fn webhooks(
        &self,
        tenant: Option<TenantName>,
    ) -> Result<Vec<ListedWebhook>, StoreError> {
        on_either!(self.read, webhooks::list(tenant))
    }

    /// Sends nothing more to a webhook, and queues nothing; whether it was enabled.
    pub async fn disable_webhook(
        &self,
        id: WebhookId,
        cause: String,
        by: By,
        now: Micros,
    ) -> Result<bool, StoreError> {
        on_either!(self.write, webhooks::disable(id, cause, by, now))
    }

    /// Has a webhook sent to, whatever kept it from that by `soon`; whether it is there.
    pub async fn enable_webhook(
        &self,
        id: WebhookId,
        soon: Micros,
        by: By,
        now: Micros,
    ) -> Result<bool, StoreError> {
        on_either!(self.write, webhooks::enable(id, soon, by, now))
    }

    /// Removes a webhook and what it was still to be sent; whether it was there.
    pub async fn remove_webhook(
        &self,
        id: WebhookId,
        by: By,
        now: Micros,
    ) -> Result<bool, StoreError> {
        on_either!(self.write, webhooks::remove(id, by, now))
    }

    /// Gives a webhook its next secret; the one before it counts for `overlap`.
    pub async fn rotate_webhook(
        &self,
        id: WebhookId,
        overlap: Duration,
        by: By,
        now: Micros,
    ) -> Result<Option<Webhook>, StoreError> {
        on_either!(self.write, webhooks::rotate(id, overlap, by, now))
    }

    /// Takes the next message of up to `each` due users of each webhook that is free.
    pub async fn claim_messages(
        &self,
        now: Micros,
        lease: Duration,
        each: i64,
        limit: usize,
        busy: Vec<WebhookId>,
    ) -> Result<Vec<Delivery>, StoreError> {
        on_either!(self.write, deliveries::claim(now, lease, each, limit, busy))
    }

    /// Records what became of a try.
    pub async fn settle_message(
        &self,
        delivery: Delivery,
        settled: Settled,
        now: Micros,
    ) -> Result<(), StoreError> {
        on_either!(self.write, deliveries::settle(delivery, settled, now))
    }

    /// The messages that were given up, oldest first, `limit` at most.
    pub async fn dead_messages(
        &self,
        tenant: Option<TenantName>,
        limit: i64,
    ) -> Result<Vec<DeadMessage>, StoreError> {
        on_either!(self.read, webhook_messages::dead(tenant, limit))
    }

    /// Has given-up messages sent; how many.
    pub async fn replay_messages(
        &self,
        which: Which,
        lease: Duration,
        by: By,
        now: Micros,
    ) -> Result<usize, StoreError> {
        on_either!(self.write, webhook_messages::replay(which, lease, by, now))
    }

    /// How the queue of messages stands.
    pub async fn message_queue(&self) -> Result<Queue, StoreError> {
        on_either!(self.read, webhook_messages::standing())
    }
}
