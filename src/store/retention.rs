use super::Kept;
use crate::model::TenantName;
use arc_swap::{ArcSwap, Guard};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// As much as there is.
const EVERYTHING: Kept = Kept { changes: i64::MAX, age: Duration::MAX };

/// What of each user's history is kept, by tenant. Cheap to clone; all clones change together.
#[derive(Debug, Clone)]
pub(crate) struct Retention {
    usual: Kept,
    now: Arc<ArcSwap<Now>>,
}

/// What is kept at present.
#[derive(Debug)]
pub(crate) struct Now {
    /// Of tenants that are not among the others.
    pub usual: Kept,
    /// By the tenant's name.
    pub others: HashMap<String, Kept>,
}

impl Retention {
    pub(super) fn new(usual: Kept) -> Self {
        let now = Now { usual, others: HashMap::new() };
        Self { usual, now: Arc::new(ArcSwap::from_pointee(now)) }
    }

    /// Lets nothing go until [`Self::replace`].
    pub(super) fn hold(&self) {
        self.set(Now { usual: EVERYTHING, others: HashMap::new() });
    }

    /// Of tenants that are not here the usual is kept.
    pub(super) fn replace(&self, others: HashMap<TenantName, Kept>) {
        let others = others.into_iter().map(|(tenant, kept)| (tenant.to_string(), kept)).collect();
        self.set(Now { usual: self.usual, others });
    }

    /// Of one tenant's users.
    pub(crate) fn of(&self, tenant: &str) -> Kept {
        let now = self.now();
        now.others.get(tenant).copied().unwrap_or(now.usual)
    }

    /// Of everybody's.
    pub(crate) fn now(&self) -> Guard<Arc<Now>> {
        self.now.load()
    }

    fn set(&self, now: Now) {
        self.now.store(Arc::new(now));
    }
}
