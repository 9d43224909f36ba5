use super::attempt::Post;
use super::{Letter, Outbox, Transport, Writer};
use crate::clock::Clock;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tracing::warn;
use uuid::Uuid;

/// How often the queue is looked at unasked: finds what is due again, and what another node queued.
const LOOK: Duration = Duration::from_secs(5);

/// How long a claimed letter is ours; twice what a delivery may take.
const LEASE: Duration = Duration::from_mins(1);

/// How many letters are under way at once, so that one slow recipient holds up nobody.
const AT_ONCE: usize = 16;

/// Sends what the outbox holds.
///
/// Every node runs one; the lease sees to it that each letter is sent by one of them. A mail is
/// sent at least once, and again only if the process dies, or the outbox is away for long, between
/// the delivery and its record; it then has the same Message-ID.
pub struct Worker {
    post: Arc<Post>,
    wake: Arc<Notify>,
    under_way: FuturesUnordered<BoxFuture<'static, Uuid>>,
    ids: HashSet<Uuid>,
    reachable: bool,
}

impl Worker {
    /// A worker that is woken by `wake.notify_one()`, called after each commit that queued a letter.
    pub fn new(
        outbox: Arc<dyn Outbox>,
        transport: Arc<dyn Transport>,
        writer: Writer,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
    ) -> Self {
        let post = Arc::new(Post { outbox, transport, writer, clock });
        let under_way = FuturesUnordered::new();
        Self { post, wake, under_way, ids: HashSet::new(), reachable: true }
    }

    /// Works until `stop` is over, then waits for the deliveries under way, at most 30 s each where
    /// the outbox can be reached.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let wake = Arc::clone(&self.wake);
        loop {
            let more = self.claim().await;
            let pause = if more { Duration::ZERO } else { LOOK };
            let free = self.ids.len() < AT_ONCE;
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(id) = self.under_way.next() => { self.ids.remove(&id); }
                () = wake.notified(), if free => {}
                () = tokio::time::sleep(pause), if free => {}
            }
        }
        while self.under_way.next().await.is_some() {}
    }

    /// Claims as many letters as there is room for; whether there may be more.
    async fn claim(&mut self) -> bool {
        let room = AT_ONCE.saturating_sub(self.ids.len());
        if room == 0 {
            return false;
        }
        let now = self.post.clock.now();
        match self.post.outbox.claim(now, LEASE, room).await {
            Ok(claimed) => {
                self.reachable = true;
                for letter in claimed.letters {
                    self.begin(letter);
                }
                claimed.more
            }
            Err(reason) => {
                if self.reachable {
                    warn!("mail waits: {reason}");
                }
                self.reachable = false;
                false
            }
        }
    }

    /// Begins a letter, unless it is still under way here: its lease is over, but it has been
    /// delivered and only its record is missing.
    fn begin(&mut self, letter: Letter) {
        if self.ids.insert(letter.id) {
            self.under_way.push(Box::pin(Arc::clone(&self.post).attempt(letter)));
        }
    }
}

#[cfg(test)]
mod tests;
