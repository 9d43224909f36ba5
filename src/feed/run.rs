use super::{Feed, Heard};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use tokio::time::sleep_until;

impl Feed {
    /// Keeps this node in step with the database and the other nodes: reads the log for users whose
    /// channel fell behind, wakes those who are many at their pace, hears the bus, and compares with the
    /// database every 3 s.
    ///
    /// Spawned once, for as long as the process lives; a second call waits for the first to be
    /// dropped.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.catch_up_all(), self.wake_late(), self.hear(), self.reconcile());
    }

    async fn wake_late(&self) {
        let mut late = self.late.lock().await;
        let mut waiting = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((at, channel)) = late.recv() => waiting.push(async move {
                    sleep_until(at).await;
                    channel
                }),
                Some(channel) = waiting.next(), if !waiting.is_empty() => {
                    channel.upgrade().iter().for_each(|channel| channel.wake());
                }
                else => break,
            }
        }
    }

    async fn hear(&self) {
        let mut heard = self.bus.hear();
        while let Some(heard) = heard.next().await {
            match heard {
                Heard::Changed(user, cursor) => self.hub.hint(&user, cursor),
                Heard::Ended(ending) => self.end_here(&ending),
                Heard::Asked(question, user) => {
                    self.bus.answer(question, self.hub.connections(&user));
                }
                // Endings that were missed are the reconciler's, within 3 s.
                Heard::Missed => self.hub.doubt_all(),
            }
        }
    }
}
