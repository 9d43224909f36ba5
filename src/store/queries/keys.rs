//! API keys and their tenants.

use super::super::RunQueryDsl;
use super::prepared::Prepare;
use super::{Tx, audit, tenants};
use crate::model::{Act, By, Deed, Digest, Micros, Scopes, TenantName};
use crate::store::schema::api_keys;
use crate::store::{ApiKey, StoreError};
use diesel::prelude::*;
use std::time::Duration;

/// How often the use of a key is written down.
const USED_EVERY: Duration = Duration::from_mins(1);

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct KeyRow {
    id: String,
    tenant: String,
    name: String,
    digest: Vec<u8>,
    created_at: i64,
    revoked_at: Option<i64>,
    scopes: String,
    used_at: Option<i64>,
}

fn key(row: KeyRow) -> Option<ApiKey> {
    Some(ApiKey {
        id: row.id,
        tenant: row.tenant.parse().ok()?,
        name: row.name,
        digest: Digest::stored(&row.digest),
        created_at: Micros(row.created_at),
        revoked_at: row.revoked_at.map(Micros),
        scopes: Scopes::stored(&row.scopes),
        used_at: row.used_at.map(Micros),
    })
}

/// Keeps a key, and makes its tenant where it is not there.
pub(crate) async fn add(tx: &mut Tx<'_>, key: ApiKey, by: By) -> Result<(), StoreError> {
    tenants::make(tx, &key.tenant, "{}", &by, key.created_at).await?;
    let values = (
        api_keys::id.eq(&key.id),
        api_keys::tenant.eq(key.tenant.as_str()),
        api_keys::name.eq(&key.name),
        api_keys::digest.eq(key.digest.bytes().to_vec()),
        api_keys::created_at.eq(key.created_at.0),
        api_keys::scopes.eq(key.scopes.to_string()),
    );
    diesel::insert_into(api_keys::table).values(values).execute(tx.conn).await?;
    let at = key.created_at;
    let act = Act { by, deed: Deed::KeyCreated, tenant: key.tenant, subject: Some(key.id), at };
    audit::record(tx, act).await
}

/// The key with this id, unless it was revoked.
pub(crate) async fn find(tx: &mut Tx<'_>, id: String) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<KeyRow> = api_keys::table
        .find(id)
        .filter(api_keys::revoked_at.is_null())
        .select(KeyRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?;
    Ok(row.and_then(key))
}

/// All keys, oldest first.
pub(crate) async fn list(tx: &mut Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<KeyRow> = api_keys::table
        .select(KeyRow::as_select())
        .order(api_keys::created_at)
        .load(tx.conn)
        .await?;
    Ok(rows.into_iter().filter_map(key).collect())
}

/// Revokes a key; whether there was such a key in use.
pub(crate) async fn revoke(
    tx: &mut Tx<'_>,
    id: String,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    let in_use = api_keys::table.find(id.clone()).filter(api_keys::revoked_at.is_null());
    let tenant: Option<String> = diesel::update(in_use)
        .set(api_keys::revoked_at.eq(now.0))
        .returning(api_keys::tenant)
        .prepared()
        .get_result(tx.conn)
        .await
        .optional()?;
    let tenant: Option<TenantName> = tenant.and_then(|tenant| tenant.parse().ok());
    let Some(tenant) = tenant else { return Ok(false) };
    let act = Act { by, deed: Deed::KeyRevoked, tenant, subject: Some(id), at: now };
    audit::record(tx, act).await?;
    Ok(true)
}

/// Writes down that a key was used, unless that was done within [`USED_EVERY`], here or on another
/// node.
pub(crate) async fn touch(tx: &mut Tx<'_>, id: String, now: Micros) -> Result<(), StoreError> {
    let long_ago = api_keys::used_at.le(now.before(USED_EVERY).0);
    let due = api_keys::used_at.is_null().or(long_ago);
    diesel::update(api_keys::table.filter(api_keys::id.eq(id).and(due)))
        .set(api_keys::used_at.eq(now.0))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}
