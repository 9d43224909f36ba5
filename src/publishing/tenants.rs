use super::Publishing;
use crate::model::{By, Micros, TenantName, TenantSetting, TenantSettings};
use crate::store::{Recorded, StoreError, Tenant};
use uuid::Uuid;

impl Publishing {
    /// Makes a tenant; whether there was none of that name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be kept.
    pub async fn create_tenant(
        &self,
        name: TenantName,
        settings: Vec<TenantSetting>,
        by: By,
    ) -> Result<bool, StoreError> {
        let mut all = TenantSettings::default();
        for setting in settings {
            all.apply(setting);
        }
        self.store.add_tenant(name, all, by, self.clock.now()).await
    }

    /// Changes a tenant's settings, which every node takes within seconds; whether there is such a
    /// tenant.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be kept.
    pub async fn set_tenant(
        &self,
        name: TenantName,
        settings: Vec<TenantSetting>,
        by: By,
    ) -> Result<bool, StoreError> {
        self.store.set_tenant(name, settings, by, self.clock.now()).await
    }

    /// All tenants, by name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.store.tenants().await
    }

    /// What was done to keys, tenants, users, and webhooks at `since` or later, and after the act
    /// `after`, oldest first, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be read.
    pub async fn acts(
        &self,
        tenant: Option<TenantName>,
        since: Micros,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.store.acts(tenant, since, after, limit).await
    }
}
