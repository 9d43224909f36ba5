use super::HistoryUnavailable;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says once that the database went away and once that it is back, however many ask it meanwhile.
#[derive(Debug, Default)]
pub(super) struct Outage(AtomicBool);

impl Outage {
    /// Takes note of how a read went, and passes it on.
    pub fn note<T>(&self, read: Result<T, HistoryUnavailable>) -> Result<T, HistoryUnavailable> {
        match &read {
            Err(error) if !self.0.swap(true, Ordering::Relaxed) => {
                tracing::warn!(%error, "feed cannot read the database; trying again until it can");
            }
            Ok(_) if self.0.swap(false, Ordering::Relaxed) => {
                tracing::info!("feed can read the database again");
            }
            _ => {}
        }
        read
    }
}
