use crate::model::{Delivery, Micros, Settled, WebhookId};
use crate::store::{Store, StoreError};
use crate::webhooks::{Messages, MessagesUnavailable};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// The queue of messages to webhooks, in the database.
pub(super) struct StoredMessages(pub(super) Store);

type Answer<T> = BoxFuture<'static, Result<T, MessagesUnavailable>>;

fn unavailable(error: &StoreError) -> MessagesUnavailable {
    tracing::debug!(error = ?error, "the queue of messages could not be reached");
    MessagesUnavailable
}

impl Messages for StoredMessages {
    fn claim(
        &self,
        now: Micros,
        lease: Duration,
        each: usize,
        limit: usize,
        busy: Vec<WebhookId>,
    ) -> Answer<Vec<Delivery>> {
        let store = self.0.clone();
        async move {
            let each = i64::try_from(each).unwrap_or(i64::MAX);
            let claimed = store.claim_messages(now, lease, each, limit, busy).await;
            claimed.map_err(|error| unavailable(&error))
        }
        .boxed()
    }

    fn settle(&self, delivery: Delivery, settled: Settled, now: Micros) -> Answer<()> {
        let store = self.0.clone();
        async move {
            let done = store.settle_message(delivery, settled, now).await;
            done.map_err(|error| unavailable(&error))
        }
        .boxed()
    }
}
