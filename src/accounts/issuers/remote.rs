use super::fetch::{BadUrl, FetchError, Fetched, Fetcher};
use super::{Algorithm, BadKey, Keys};
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

/// When keys are fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Not again before, whoever asks and whatever is said about caching.
    pub least: Duration,
    /// The same while no keys have been had at all.
    pub first: Duration,
    /// Again at the latest.
    pub most: Duration,
    /// How long a caller waits whose key is not known yet.
    pub wait: Duration,
}

const PACE: Pace = Pace {
    least: Duration::from_mins(1),
    first: Duration::from_secs(5),
    most: Duration::from_mins(10),
    wait: Duration::from_secs(3),
};

/// The keys at an issuer's URL, as they were last had.
///
/// They stay good while the URL is down, however long: an issuer that cannot be reached has taken
/// none of them back. [`Self::run`] fetches them; who asks for them only ever waits for that.
#[derive(Debug)]
pub struct RemoteKeys {
    fetcher: Fetcher,
    algorithm: Algorithm,
    pace: Pace,
    state: watch::Sender<State>,
    wish: Notify,
}

#[derive(Debug, Clone, Default)]
struct State {
    keys: Option<Arc<Keys>>,
    tried_at: Option<Instant>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the answer {0}")]
    Keys(#[from] BadKey),
}

impl RemoteKeys {
    /// Keys at `url`, none of which have been had yet. `private` allows addresses that are not of the
    /// public Internet, `insecure_dev` those of this machine, also without TLS.
    ///
    /// # Errors
    ///
    /// [`BadUrl`] where the URL is none that keys may be fetched from.
    pub fn new(
        url: Url,
        algorithm: Algorithm,
        private: bool,
        insecure_dev: bool,
    ) -> Result<Self, BadUrl> {
        let fetcher = Fetcher::new(url, private, insecure_dev)?;
        let (state, _) = watch::channel(State::default());
        Ok(Self { fetcher, algorithm, pace: PACE, state, wish: Notify::new() })
    }

    /// The algorithm that the issuer signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The keys, as they were last had.
    pub fn keys(&self) -> Option<Arc<Keys>> {
        self.state.borrow().keys.clone()
    }

    /// Whether `other` is for the same keys, and may go on in place of this one.
    pub fn is_like(&self, other: &Self) -> bool {
        self.fetcher.url() == other.fetcher.url() && self.algorithm == other.algorithm
    }

    /// Asks for the keys to be fetched again, because a token names one that is not among them;
    /// whether they were, so that it is worth another look.
    ///
    /// However many ask, and for whatever they ask, one fetch a minute answers them all: who asks
    /// sooner is told at once that there is nothing new.
    pub async fn ask(&self) -> bool {
        let mut state = self.state.subscribe();
        if self.next(&state.borrow_and_update(), Duration::ZERO) > Some(Instant::now()) {
            return false;
        }
        self.wish.notify_one();
        matches!(timeout(self.pace.wait, state.changed()).await, Ok(Ok(())))
    }

    /// Fetches the keys now, and then as often as their answers say, once a minute at most and every
    /// ten minutes at least; `changed` is told whenever they are others than before.
    pub async fn run(&self, changed: impl Fn()) {
        let mut failing = false;
        loop {
            let (max_age, failure) = match self.fetch().await {
                Ok((keys, max_age)) => {
                    self.take(keys, &changed);
                    (max_age, None)
                }
                Err(failure) => (None, Some(failure)),
            };
            let url = self.fetcher.url();
            match &failure {
                // Said once, and not by each of a long outage's tries.
                Some(reason) if !failing => {
                    tracing::warn!(issuer.url = %url, "the keys at {url} could not be had, and those had before stay good: {reason}");
                }
                None if failing => {
                    tracing::info!(issuer.url = %url, "the keys at {url} are had again");
                }
                _ => {}
            }
            failing = failure.is_some();
            self.state.send_modify(|state| state.tried_at = Some(Instant::now()));
            // Whoever wished for keys meanwhile has been answered by these.
            let _ = self.wish.notified().now_or_never();
            let state = self.state.borrow().clone();
            let usual = if failing { Duration::ZERO } else { max_age.unwrap_or(self.pace.most) };
            let due = self.next(&state, usual).unwrap_or_else(Instant::now);
            let soonest = self.next(&state, Duration::ZERO).unwrap_or_else(Instant::now);
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.wish.notified() => sleep_until(soonest).await,
            }
        }
    }

    async fn fetch(&self) -> Result<(Keys, Option<Duration>), Failure> {
        let Fetched { body, max_age } = self.fetcher.fetch().await?;
        Ok((Keys::jwks(self.algorithm, &body)?, max_age))
    }

    fn take(&self, keys: Keys, changed: &impl Fn()) {
        let names = |keys: &Keys| {
            keys.all().iter().map(|key| key.thumbprint().to_owned()).collect::<Vec<_>>()
        };
        let same = self.keys().is_some_and(|old| names(&old) == names(&keys));
        self.state.send_modify(|state| state.keys = Some(Arc::new(keys)));
        if !same {
            changed();
        }
    }

    /// When the keys may be fetched next, where they should be after `usual`; `None`: at once.
    fn next(&self, state: &State, usual: Duration) -> Option<Instant> {
        let least = if state.keys.is_some() { self.pace.least } else { self.pace.first };
        state.tried_at.map(|at| at + usual.clamp(least, self.pace.most))
    }
}

#[cfg(test)]
mod tests;
