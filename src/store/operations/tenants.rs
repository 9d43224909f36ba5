//! Tenants, and the record of acts.

use super::{Database, Store};
use crate::model::{Act, By, Micros, TenantName, TenantSetting, TenantSettings};
use crate::store::{Recorded, StoreError, Tenant, postgres, sqlite};
use uuid::Uuid;

/// Each is one transaction; see the query of the same name for what it does.
///
/// # Errors
///
/// [`StoreError`] where the database could not; nothing is kept then.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]
impl Store {
    /// Makes a tenant; whether there was none of that name.
    pub async fn add_tenant(
        &self,
        name: TenantName,
        settings: TenantSettings,
        by: By,
        now: Micros,
    ) -> Result<bool, StoreError> {
        on_either!(self.write, tenants::add(name, settings, by, now))
    }

    /// Changes a tenant's settings; whether there is such a tenant.
    pub async fn set_tenant(
        &self,
        name: TenantName,
        changes: Vec<TenantSetting>,
        by: By,
        now: Micros,
    ) -> Result<bool, StoreError> {
        on_either!(self.write, tenants::set(name, changes, by, now))
    }

    /// Every tenant, by name.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        on_either!(self.read, tenants::list())
    }

    /// Writes an act down that changes nothing else here.
    pub async fn record(&self, act: Act) -> Result<(), StoreError> {
        on_either!(self.write, audit::record(act))
    }

    /// A page of the record of acts, oldest first.
    pub async fn acts(
        &self,
        tenant: Option<TenantName>,
        since: Micros,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        on_either!(self.read, audit::list(tenant, since, after, limit))
    }
}
