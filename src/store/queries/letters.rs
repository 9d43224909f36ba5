//! The mail queue: written with what needs it, read by the worker with a lease.

use super::Tx;
use crate::model::{Effect, EmailAddress, Micros};
use crate::store::schema::letters;
use crate::store::{QueuedLetter, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::time::Duration;
use uuid::Uuid;

/// Queues a letter in this transaction.
pub(crate) async fn queue(
    tx: &mut Tx<'_>,
    tenant: &str,
    kind: &str,
    to: &str,
    verification: Option<Uuid>,
    now: Micros,
) -> Result<(), StoreError> {
    let values = (
        letters::id.eq(Uuid::now_v7().as_bytes().to_vec()),
        letters::tenant.eq(tenant),
        letters::kind.eq(kind),
        letters::recipient.eq(to),
        letters::verification.eq(verification.map(|id| id.as_bytes().to_vec())),
        letters::made_at.eq(now.0),
        letters::due_at.eq(now.0),
        letters::attempts.eq(0),
    );
    diesel::insert_into(letters::table).values(values).execute(tx.conn).await?;
    tx.effects.push(Effect::Queued);
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = letters)]
struct LetterRow {
    id: Vec<u8>,
    tenant: String,
    kind: String,
    recipient: String,
    verification: Option<Vec<u8>>,
    made_at: i64,
    attempts: i64,
}

/// Takes up to `limit` due letters and puts the rest of the world off them for `lease`: of several
/// nodes that ask at once, each letter goes to one.
pub(crate) async fn claim(
    tx: &mut Tx<'_>,
    now: Micros,
    lease: Duration,
    limit: i64,
) -> Result<Vec<QueuedLetter>, StoreError> {
    let due: Vec<Vec<u8>> = letters::table
        .filter(letters::due_at.le(now.0))
        .order(letters::due_at)
        .select(letters::id)
        .limit(limit)
        .load(tx.conn)
        .await?;
    let mut claimed = Vec::with_capacity(due.len());
    for id in due {
        // Due still: another node's claim that came first has moved it.
        let due = letters::table.find(id).filter(letters::due_at.le(now.0));
        let row: Option<LetterRow> = diesel::update(due)
            .set(letters::due_at.eq(now.after(lease).0))
            .returning(LetterRow::as_returning())
            .get_result(tx.conn)
            .await
            .optional()?;
        claimed.extend(row.and_then(letter));
    }
    Ok(claimed)
}

fn letter(row: LetterRow) -> Option<QueuedLetter> {
    Some(QueuedLetter {
        id: Uuid::from_slice(&row.id).ok()?,
        tenant: row.tenant.parse().ok()?,
        kind: row.kind,
        to: EmailAddress::parse(&row.recipient).ok()?,
        verification: row.verification.and_then(|id| Uuid::from_slice(&id).ok()),
        made_at: Micros(row.made_at),
        attempts: row.attempts,
    })
}

/// The letter is done with: delivered, or given up.
pub(crate) async fn remove(tx: &mut Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    diesel::delete(letters::table.find(id.as_bytes().to_vec())).execute(tx.conn).await?;
    Ok(())
}

/// The letter is to be tried again, not before `until`; counts the try.
pub(crate) async fn put_off(tx: &mut Tx<'_>, id: Uuid, until: Micros) -> Result<(), StoreError> {
    diesel::update(letters::table.find(id.as_bytes().to_vec()))
        .set((letters::due_at.eq(until.0), letters::attempts.eq(letters::attempts + 1)))
        .execute(tx.conn)
        .await?;
    Ok(())
}
