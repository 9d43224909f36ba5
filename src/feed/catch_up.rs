use super::hub::Channel;
use super::{Feed, HistoryUnavailable};
use crate::clock::random_between;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Weak;
use std::time::Duration;

/// How many users' logs are read at once: a hint for everybody must leave connections to requests
/// (the store has 16).
const AT_ONCE: usize = 8;

/// Between two tries while the database is away, in milliseconds; drawn, so that the readers of a
/// database that has just come back do not all ask in the same instant.
const PAUSE_MS: (u64, u64) = (500, 1_500);

impl Feed {
    /// Reads the log for users whose channel fell behind, for as long as the process lives.
    pub(super) async fn catch_up_all(&self) {
        let mut behind = self.behind.lock().await;
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(channel) = behind.recv(), if under_way.len() < AT_ONCE => {
                    under_way.push(self.catch_up(channel));
                }
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                else => break,
            }
        }
    }

    /// Brings one channel up to its log, trying until the database answers or everybody has left.
    ///
    /// The channel is not held while the database is asked, so that its last member to leave takes
    /// it out of the map at once.
    pub(super) async fn catch_up(&self, channel: Weak<Channel>) {
        loop {
            let Some((user, after)) =
                channel.upgrade().map(|channel| (channel.user.clone(), channel.begin_catch_up()))
            else {
                return;
            };
            if let Ok(caught_up) = self.outage.note(self.history.catch_up(user, after).await) {
                if let Some(channel) = channel.upgrade() {
                    channel.finish_catch_up(caught_up);
                }
                return;
            }
            pause().await;
        }
    }
}

/// Asks again and again until the database answers.
pub(super) async fn insist<T, F>(feed: &Feed, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, HistoryUnavailable>>,
{
    loop {
        if let Ok(answer) = feed.outage.note(ask().await) {
            return answer;
        }
        pause().await;
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(random_between(PAUSE_MS.0, PAUSE_MS.1))).await;
}

#[cfg(test)]
impl Feed {
    /// Reads the log for whoever is in the queue now, over a history that answers at once.
    pub(super) fn catch_up_queued(&self) {
        use futures_util::FutureExt;
        while let Some(channel) =
            self.behind.try_lock().ok().and_then(|mut queue| queue.try_recv().ok())
        {
            self.catch_up(channel).now_or_never();
        }
    }
}
