//! Tenants, and what of the settings is another for each.

use super::super::RunQueryDsl;
use super::{Tx, audit};
use crate::model::{Act, By, Deed, Micros, TenantName, TenantSetting, TenantSettings};
use crate::store::schema::tenants;
use crate::store::{StoreError, Tenant};
use diesel::prelude::*;

/// Makes a tenant with these settings unless there is one of that name; whether it was made.
pub(crate) async fn make(
    tx: &mut Tx<'_>,
    name: &TenantName,
    settings: &str,
    by: &By,
    now: Micros,
) -> Result<bool, StoreError> {
    let values = (
        tenants::name.eq(name.as_str()),
        tenants::created_at.eq(now.0),
        tenants::settings.eq(settings),
    );
    let made = diesel::insert_into(tenants::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(tx.conn)
        .await?;
    if made > 0 {
        record(tx, name, Deed::TenantCreated, by, now).await?;
    }
    Ok(made > 0)
}

/// Makes a tenant; whether there was none of that name.
pub(crate) async fn add(
    tx: &mut Tx<'_>,
    name: TenantName,
    settings: TenantSettings,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    make(tx, &name, &settings.to_text(), &by, now).await
}

/// Changes a tenant's settings by `changes`, made where it is `default`, which is always there;
/// whether there is such a tenant.
pub(crate) async fn set(
    tx: &mut Tx<'_>,
    name: TenantName,
    changes: Vec<TenantSetting>,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    if name == TenantName::built_in() {
        make(tx, &name, "{}", &by, now).await?;
    }
    // A write that changes nothing yet: two commands at once take turns from here.
    let text: Option<String> = diesel::update(tenants::table.find(name.as_str()))
        .set(tenants::name.eq(name.as_str()))
        .returning(tenants::settings)
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some(text) = text else { return Ok(false) };
    let mut settings = TenantSettings::stored(&text);
    for change in changes {
        settings.apply(change);
    }
    diesel::update(tenants::table.find(name.as_str()))
        .set(tenants::settings.eq(settings.to_text()))
        .execute(tx.conn)
        .await?;
    record(tx, &name, Deed::TenantChanged, &by, now).await?;
    Ok(true)
}

/// Every tenant, by name.
pub(crate) async fn list(tx: &mut Tx<'_>) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<(String, i64, String)> = tenants::table
        .select((tenants::name, tenants::created_at, tenants::settings))
        .order(tenants::name)
        .load(tx.conn)
        .await?;
    let tenant = |(name, created_at, settings): (String, i64, String)| {
        Some(Tenant {
            name: name.parse().ok()?,
            created_at: Micros(created_at),
            settings: TenantSettings::stored(&settings),
        })
    };
    Ok(rows.into_iter().filter_map(tenant).collect())
}

async fn record(
    tx: &mut Tx<'_>,
    name: &TenantName,
    deed: Deed,
    by: &By,
    at: Micros,
) -> Result<(), StoreError> {
    let act = Act { by: by.clone(), deed, tenant: name.clone(), subject: None, at };
    audit::record(tx, act).await
}
