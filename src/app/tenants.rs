use crate::feed::{Feed, Limits};
use crate::model::TenantSettings;
use crate::publishing::KnownTenants;
use crate::store::{Kept, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the tenants' settings.
const LOOK: Duration = Duration::from_secs(3);

/// Between two tries at the start, while the database does not answer.
const AGAIN: Duration = Duration::from_millis(500);

/// What tells the rest of the process how tenants differ from the service's own settings.
pub(super) struct TenantWatch {
    pub store: Store,
    pub feed: Arc<Feed>,
    pub known: Arc<KnownTenants>,
    /// What is kept of histories unless a tenant has another wish.
    pub kept: Kept,
    /// How many may listen, likewise.
    pub limits: Limits,
}

impl TenantWatch {
    /// Looks once.
    ///
    /// # Errors
    ///
    /// Where the database could not say; everything stays as it was.
    pub async fn look(&self) -> Result<(), StoreError> {
        let tenants = self.store.tenants().await?;
        let of = |settings: &TenantSettings| (self.kept(settings), self.limits(settings));
        let differ = tenants.iter().map(|tenant| (tenant.name.clone(), of(&tenant.settings)));
        let (kept, limits): (Vec<_>, Vec<_>) =
            differ.map(|(name, (kept, limits))| ((name.clone(), kept), (name, limits))).unzip();
        self.store.keep_of(kept.into_iter().filter(|(_, kept)| *kept != self.kept).collect());
        self.feed.limit(limits.into_iter().filter(|(_, limits)| *limits != self.limits).collect());
        self.known.replace(tenants);
        Ok(())
    }

    /// Looks until the database has said.
    pub async fn begin(&self) {
        while self.look().await.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Looks every few seconds. A database that does not answer leaves everything as it was; others
    /// tell of it.
    pub async fn keep(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let _ = self.look().await;
        }
    }

    fn kept(&self, settings: &TenantSettings) -> Kept {
        Kept {
            changes: settings.history_changes.map_or(self.kept.changes, i64::from),
            age: settings.history_seconds.map_or(self.kept.age, Duration::from_secs),
        }
    }

    fn limits(&self, settings: &TenantSettings) -> Limits {
        let count = |own: Option<u32>, usual| {
            own.map_or(usual, |own| usize::try_from(own).unwrap_or(usize::MAX))
        };
        Limits {
            streams_per_user: count(settings.streams_per_user, self.limits.streams_per_user),
            polls_per_user: count(settings.polls_per_user, self.limits.polls_per_user),
            ..self.limits
        }
    }
}
