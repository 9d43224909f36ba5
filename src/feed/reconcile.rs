use super::{Feed, HistoryUnavailable};
use crate::model::Micros;
use std::time::Duration;

/// Between two scans: a change that was heard of in no other way is seen this late.
const EVERY: Duration = Duration::from_secs(3);

/// How far a scan reaches back before the last one. A commit comes after its own stamp, by as much as
/// a statement may take, and clocks differ a little.
const OVERLAP: Duration = Duration::from_secs(10);

/// How long endings are kept.
const KEPT: Duration = Duration::from_hours(24);

impl Feed {
    /// Reads the endings of the last day, so that [`Feed::refuses`] knows them. Call it before the
    /// first request is answered.
    ///
    /// # Errors
    ///
    /// Where the database does not answer. [`Feed::run`] goes on trying, and until then credentials
    /// that ended before the start are not refused here.
    pub async fn load(&self) -> Result<(), HistoryUnavailable> {
        let since = self.clock.now().before(KEPT);
        self.scan_endings(since).await
    }

    /// Compares this node with the database every 3 s, whatever the bus did or did not carry.
    ///
    /// A scan begins where the last that worked began, less the overlap; so an outage of any length
    /// is made up for. The first reaches a day back.
    pub(super) async fn reconcile(&self) {
        let mut done_until = None;
        loop {
            let now = self.clock.now();
            if self.outage.note(self.scan(done_until).await).is_ok() {
                done_until = Some(now);
                self.endings.prune(now.before(KEPT));
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn scan(&self, done_until: Option<Micros>) -> Result<(), HistoryUnavailable> {
        let since = |first: Duration| match done_until {
            Some(until) => until.before(OVERLAP),
            None => self.clock.now().before(first),
        };
        self.scan_endings(since(KEPT)).await?;
        // Whoever comes after this look reads its row itself.
        if self.hub.users() > 0 {
            let changed = self.history.changed_since(since(OVERLAP)).await?;
            for (user, cursor) in &changed {
                self.hub.hint(user, *cursor);
            }
        }
        Ok(())
    }

    async fn scan_endings(&self, since: Micros) -> Result<(), HistoryUnavailable> {
        let endings = self.history.endings_since(since).await?;
        for ending in &endings {
            self.end_here(ending);
        }
        Ok(())
    }
}
