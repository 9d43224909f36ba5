use super::{Feed, Heard};
use futures_util::stream::StreamExt;
use std::sync::Arc;

impl Feed {
    /// Keeps this node in step with the database and the other nodes: reads the log for users whose
    /// channel fell behind, hears the bus, and compares with the database every 3 s.
    ///
    /// Spawned once, for as long as the process lives; a second call waits for the first to be
    /// dropped.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.catch_up_all(), self.hear(), self.reconcile());
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
