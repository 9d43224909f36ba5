use super::{BusState, Feed, HistoryUnavailable};
use crate::model::Micros;
use std::sync::Arc;
use std::time::Duration;

/// Between two scans while the bus carries hints: a lost one is made up for this late.
const WITH_BUS: Duration = Duration::from_secs(3);

/// Between two scans where there is no bus, or it is away: then they are all that there is.
const WITHOUT: Duration = Duration::from_secs(1);

/// How far a scan reaches back before the last one. A commit comes after its own stamp, by as much as
/// a statement may take, and clocks differ a little.
const OVERLAP: Duration = Duration::from_secs(10);

/// The longest window in which changes are looked for. Beyond it (the database or this process stood
/// still) the connected users are looked at instead, which are fewer.
const WINDOW: Duration = Duration::from_mins(1);

/// Changed users that one scan takes at least; where there are more, the connected ones are looked at.
const USERS: usize = 10_000;

/// How many changed users are had for the price of looking at one who is connected.
const CHEAPER: usize = 8;

/// Endings that are read at once.
const PAGE: usize = 5_000;

/// How long endings are kept.
const KEPT: Duration = Duration::from_hours(24);

/// Up to where this node is in step with the database.
struct InStep {
    until: Micros,
    epoch: Arc<str>,
}

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

    /// Compares this node with the database every 3 s, or every second without a bus.
    ///
    /// A scan begins where the last that worked began, less the overlap; so an outage of any length
    /// is made up for. The first reaches a day back.
    pub(super) async fn reconcile(&self) {
        let mut in_step = None;
        loop {
            if let Ok(now) = self.outage.note(self.scan(in_step.as_ref()).await) {
                self.endings.prune(now.until.before(KEPT));
                in_step = Some(now);
            }
            self.lingering.sweep();
            let up = matches!(self.bus.state(), BusState::Up(_));
            tokio::time::sleep(if up { WITH_BUS } else { WITHOUT }).await;
        }
    }

    async fn scan(&self, in_step: Option<&InStep>) -> Result<InStep, HistoryUnavailable> {
        let moment = self.history.moment().await?;
        if let Some(now) = moment.now {
            self.clock.follow(now);
        }
        let now = InStep { until: self.clock.now(), epoch: moment.epoch };
        let since = |first: Duration| match in_step {
            Some(in_step) => in_step.until.before(OVERLAP),
            None => now.until.before(first),
        };
        self.scan_endings(since(KEPT)).await?;
        if in_step.is_some_and(|in_step| in_step.epoch != now.epoch) {
            tracing::warn!(
                "the database is on another history: everybody is brought to what it holds"
            );
            self.hub.doubt_all();
        } else if self.hub.users() > 0 && !self.is_alone() {
            // Whoever comes after this look reads its row itself. Where there is no other node, each change
            // was told of by who made it, and to look for them would cost as much as to make them.
            self.scan_changes(since(OVERLAP), now.until).await?;
        }
        Ok(now)
    }

    async fn scan_changes(&self, since: Micros, now: Micros) -> Result<(), HistoryUnavailable> {
        if now.since(since) > WINDOW {
            self.hub.doubt_all();
            return Ok(());
        }
        let most = USERS.max(CHEAPER * self.hub.users());
        let changed = self.history.changed_since(since, most).await?;
        if changed.len() >= most {
            self.hub.doubt_all();
        }
        for (user, cursor) in &changed {
            self.hub.hint(user, *cursor);
        }
        Ok(())
    }

    async fn scan_endings(&self, mut since: Micros) -> Result<(), HistoryUnavailable> {
        let mut limit = PAGE;
        loop {
            let endings = self.history.endings_since(since, limit).await?;
            for ending in &endings {
                self.end_here(ending);
            }
            match endings.last() {
                // The last one's instant is read again, for others of it.
                Some(last) if endings.len() >= limit && last.at > since => since = last.at,
                Some(_) if endings.len() >= limit => limit *= 2,
                _ => return Ok(()),
            }
        }
    }
}
