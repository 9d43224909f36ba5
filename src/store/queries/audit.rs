//! The record of acts on keys, tenants, users, and webhooks.

use super::super::RunQueryDsl;
use super::Tx;
use crate::model::{Act, Micros, TenantName};
use crate::store::schema::audit;
use crate::store::{Recorded, StoreError};
use diesel::prelude::*;
use uuid::Uuid;

/// Writes an act down, in the transaction that does it: both are kept, or neither is.
pub(crate) async fn record(tx: &mut Tx<'_>, act: Act) -> Result<(), StoreError> {
    let values = (
        audit::id.eq(Uuid::now_v7().as_bytes().to_vec()),
        audit::at.eq(act.at.0),
        audit::tenant.eq(act.tenant.as_str()),
        audit::actor.eq(act.by.actor.to_string()),
        audit::deed.eq(act.deed.as_str()),
        audit::subject.eq(act.subject),
        audit::request.eq(act.by.request.as_deref()),
    );
    diesel::insert_into(audit::table).values(values).execute(tx.conn).await?;
    Ok(())
}

type Row = (Vec<u8>, i64, String, String, String, Option<String>, Option<String>);

/// Up to `limit` acts, of one tenant or of all, oldest first: those at `since` or later, and after
/// the act `after` that a page before ended with.
pub(crate) async fn list(
    tx: &mut Tx<'_>,
    tenant: Option<TenantName>,
    since: Micros,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let mut query = audit::table.into_boxed().filter(audit::at.ge(since.0));
    if let Some(tenant) = &tenant {
        query = query.filter(audit::tenant.eq(tenant.as_str()));
    }
    if let Some(after) = after {
        let later = audit::at.gt(since.0).or(audit::id.gt(after.as_bytes().to_vec()));
        query = query.filter(later);
    }
    let rows: Vec<Row> = query.order((audit::at, audit::id)).limit(limit).load(tx.conn).await?;
    Ok(rows.into_iter().filter_map(recorded).collect())
}

fn recorded((id, at, tenant, actor, deed, subject, request): Row) -> Option<Recorded> {
    let id = Uuid::from_slice(&id).ok()?;
    Some(Recorded { id, at: Micros(at), tenant, actor, deed, subject, request })
}
