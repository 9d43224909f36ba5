//! API keys and their tenants.

use super::Tx;
use crate::model::{Digest, Micros};
use crate::store::schema::{api_keys, tenants};
use crate::store::{ApiKey, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct KeyRow {
    id: String,
    tenant: String,
    name: String,
    digest: Vec<u8>,
    created_at: i64,
    revoked_at: Option<i64>,
}

fn key(row: KeyRow) -> Option<ApiKey> {
    Some(ApiKey {
        id: row.id,
        tenant: row.tenant.parse().ok()?,
        name: row.name,
        digest: Digest::stored(&row.digest),
        created_at: Micros(row.created_at),
        revoked_at: row.revoked_at.map(Micros),
    })
}

/// Keeps a key, and makes its tenant where it is not there.
pub(crate) async fn add(tx: &mut Tx<'_>, key: ApiKey) -> Result<(), StoreError> {
    let tenant = (tenants::name.eq(key.tenant.as_str()), tenants::created_at.eq(key.created_at.0));
    diesel::insert_into(tenants::table)
        .values(tenant)
        .on_conflict_do_nothing()
        .execute(tx.conn)
        .await?;
    let values = (
        api_keys::id.eq(key.id),
        api_keys::tenant.eq(key.tenant.as_str()),
        api_keys::name.eq(key.name),
        api_keys::digest.eq(key.digest.bytes().to_vec()),
        api_keys::created_at.eq(key.created_at.0),
    );
    diesel::insert_into(api_keys::table).values(values).execute(tx.conn).await?;
    Ok(())
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
pub(crate) async fn revoke(tx: &mut Tx<'_>, id: String, now: Micros) -> Result<bool, StoreError> {
    let in_use = api_keys::table.find(id).filter(api_keys::revoked_at.is_null());
    let revoked =
        diesel::update(in_use).set(api_keys::revoked_at.eq(now.0)).execute(tx.conn).await?;
    Ok(revoked > 0)
}
