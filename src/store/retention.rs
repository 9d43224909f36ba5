use super::Kept;
use crate::model::TenantName;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

type Others = Arc<HashMap<String, Kept>>;

/// What of each user's history is kept, by tenant. Cheap to clone; all clones change together.
#[derive(Debug, Clone)]
pub(crate) struct Retention {
    usual: Kept,
    others: Arc<RwLock<Others>>,
}

impl Retention {
    pub(super) fn new(usual: Kept) -> Self {
        Self { usual, others: Arc::default() }
    }

    /// Of tenants that are not here the usual is kept.
    pub(super) fn replace(&self, others: HashMap<TenantName, Kept>) {
        let others = others.into_iter().map(|(tenant, kept)| (tenant.to_string(), kept)).collect();
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(others);
    }

    /// Of one tenant's users.
    pub(crate) fn of(&self, tenant: &str) -> Kept {
        self.others().get(tenant).copied().unwrap_or(self.usual)
    }

    /// Of everybody's.
    pub(crate) fn usual(&self) -> Kept {
        self.usual
    }

    /// Of the tenants that have another than the usual.
    pub(crate) fn others(&self) -> Others {
        Arc::clone(&self.others.read().unwrap_or_else(PoisonError::into_inner))
    }
}
