use crate::model::{TenantName, TenantSettings};
use crate::store::Tenant;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;

/// The tenants' settings, as they were a few seconds ago: asked by every page, mail, and preflight,
/// so they are held in memory.
#[derive(Debug, Default)]
pub struct KnownTenants(ArcSwap<Known>);

#[derive(Debug, Default)]
struct Known {
    settings: HashMap<TenantName, Arc<TenantSettings>>,
    /// Whether the built-in accounts' tenant is among those whose pages these are.
    origins: HashMap<String, bool>,
}

impl KnownTenants {
    /// Takes what the database has now.
    pub fn replace(&self, tenants: Vec<Tenant>) {
        let mut known = Known::default();
        let built_in = TenantName::built_in();
        for Tenant { name, settings, .. } in tenants {
            for origin in &settings.client_urls {
                *known.origins.entry(origin.clone()).or_default() |= name == built_in;
            }
            known.settings.insert(name, Arc::new(settings));
        }
        self.0.store(Arc::new(known));
    }

    /// What of the service's settings is another for `tenant`.
    pub fn of(&self, tenant: &TenantName) -> Arc<TenantSettings> {
        self.0.load().settings.get(tenant).cloned().unwrap_or_default()
    }

    /// Whether `origin` is a page of any tenant's.
    pub fn have_page(&self, origin: &str) -> bool {
        self.0.load().origins.contains_key(origin)
    }

    /// Whether `origin` is a page of the tenant that owns the built-in accounts, and with them the
    /// cookies.
    pub fn have_built_in_page(&self, origin: &str) -> bool {
        self.0.load().origins.get(origin).copied().unwrap_or_default()
    }

    /// Whether any tenant has pages of its own.
    pub fn have_pages(&self) -> bool {
        !self.0.load().origins.is_empty()
    }
}
