use super::hub::Channel;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a channel outlives its polls: a client that was answered asks again at once.
const LINGER: Duration = Duration::from_secs(2);

/// How many channels linger. Where it is more, those go first that have lingered longest.
const MOST: usize = 10_000;

/// Channels whose polls were answered just now, so that the next need not read what is known.
#[derive(Default)]
pub(super) struct Lingering(Mutex<VecDeque<(Instant, Arc<Channel>)>>);

impl Lingering {
    /// Keeps a channel for a while, unless it is kept already.
    pub fn keep(&self, channel: &Arc<Channel>) {
        if channel.linger() {
            self.with(|kept| kept.push_back((Instant::now(), Arc::clone(channel))));
            self.sweep();
        }
    }

    /// Lets those go whose time is over.
    pub fn sweep(&self) {
        let now = Instant::now();
        let over = |at: Instant| now.duration_since(at) >= LINGER;
        loop {
            let gone = self.with(|kept| {
                let full = kept.len() > MOST;
                kept.pop_front_if(|(at, _)| full || over(*at))
            });
            // Outside of the lock: it may be the channel's end.
            let Some((_, channel)) = gone else { return };
            channel.forget();
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<(Instant, Arc<Channel>)>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
