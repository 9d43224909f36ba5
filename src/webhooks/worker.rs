use super::attempt::Post;
use super::{Messages, Sender};
use crate::clock::Clock;
use crate::model::{Delivery, MessageId, ServerSecret, WebhookId};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tracing::warn;

/// How often the queue is looked at unasked: finds what is due again, and what another node queued.
const LOOK: Duration = Duration::from_secs(2);

/// How long a leased message is its worker's; twice what a receiver may take.
pub const LEASE: Duration = Duration::from_secs(20);

/// How many messages to one webhook are claimed at once. One with so many under way gets no more,
/// so that a slow one holds up nobody, and none has more than twice as many.
const EACH: usize = 8;

/// How many messages are under way at once.
const AT_ONCE: usize = 256;

/// Sends what the queue of messages holds.
///
/// Every node runs one; the lease sees to it that each message is sent by one of them. A message is
/// sent at least once, and again only if its answer is lost: the process dies, or the queue is away
/// for long, between the delivery and its record. It then has the same id.
pub struct Worker {
    post: Arc<Post>,
    wake: Arc<Notify>,
    under_way: FuturesUnordered<BoxFuture<'static, (MessageId, WebhookId)>>,
    ids: HashSet<MessageId>,
    counts: HashMap<WebhookId, usize>,
    reachable: bool,
}

impl Worker {
    /// A worker that is woken by `wake.notify_one()`, called after each commit that queued a message.
    pub fn new(
        messages: Arc<dyn Messages>,
        sender: Sender,
        secret: ServerSecret,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
    ) -> Self {
        let post = Arc::new(Post { messages, sender, secret, clock });
        Self {
            post,
            wake,
            under_way: FuturesUnordered::new(),
            ids: HashSet::new(),
            counts: HashMap::new(),
            reachable: true,
        }
    }

    /// Works until `stop` is over, then waits for the messages under way: some 10 s, where the queue
    /// can be reached.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let wake = Arc::clone(&self.wake);
        loop {
            self.claim().await;
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some((id, webhook)) = self.under_way.next() => self.end(id, &webhook),
                () = wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while self.under_way.next().await.is_some() {}
    }

    /// Leases what there is room for, and begins it.
    async fn claim(&mut self) {
        let room = AT_ONCE.saturating_sub(self.ids.len());
        if room == 0 {
            return;
        }
        let full = self.counts.iter().filter(|(_, count)| **count >= EACH);
        let busy = full.map(|(webhook, _)| webhook.clone()).collect();
        match self.post.messages.claim(self.post.clock.now(), LEASE, EACH, room, busy).await {
            Ok(deliveries) => {
                self.reachable = true;
                for delivery in deliveries {
                    self.begin(delivery);
                }
            }
            Err(error) => {
                if self.reachable {
                    warn!("webhooks wait: {error}");
                }
                self.reachable = false;
            }
        }
    }

    /// Begins a message, unless it is still under way here: its lease is over, but it has been
    /// delivered and only its record is missing.
    fn begin(&mut self, delivery: Delivery) {
        if self.ids.insert(delivery.id) {
            *self.counts.entry(delivery.webhook.id.clone()).or_default() += 1;
            self.under_way.push(Box::pin(Arc::clone(&self.post).attempt(delivery)));
        }
    }

    fn end(&mut self, id: MessageId, webhook: &WebhookId) {
        self.ids.remove(&id);
        if let Some(count) = self.counts.get_mut(webhook) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(webhook);
            }
        }
    }
}
