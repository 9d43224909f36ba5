//! The answers to calls that came with an `Idempotency-Key`, kept with what the calls changed.

use super::super::RunQueryDsl;
use super::Tx;
use super::prepared::Prepare;
use crate::model::{Digest, Micros, Once, UserRef};
use crate::store::StoreError;
use crate::store::schema::idempotency_keys as table;
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long the same call gets the same answer.
pub(crate) const LIFE: Duration = Duration::from_hours(24);

/// What a key says of a call.
pub(crate) enum Claimed<A> {
    /// The call is to be carried out, and its answer kept with [`keep`], or the key let go.
    Fresh,
    /// It was; what it was answered with.
    Again(A),
    /// The key belongs to another call.
    Mismatch,
}

type Row = (Vec<u8>, Option<String>, i64);

/// Holds a call's key until the transaction ends. Whoever comes with the same key waits here, and
/// then finds the answer. Keys are locked before addresses and users.
pub(crate) async fn hold(
    tx: &mut Tx<'_>,
    user: &UserRef,
    once: &Once,
    now: Micros,
) -> Result<Row, StoreError> {
    let values = (
        table::tenant.eq(user.tenant.as_str()),
        table::name.eq(once.key.as_str()),
        table::user_id.eq(user.id.as_str()),
        table::fingerprint.eq(once.fingerprint.bytes().to_vec()),
        table::created_at.eq(now.0),
    );
    Ok(diesel::insert_into(table::table)
        .values(values)
        .on_conflict((table::tenant, table::name))
        .do_update()
        .set(table::name.eq(once.key.as_str()))
        .returning((table::fingerprint, table::answer, table::created_at))
        .prepared()
        .get_result(tx.conn)
        .await?)
}

/// Whether the call is to be carried out; its key is held.
pub(crate) async fn claim<A: DeserializeOwned>(
    tx: &mut Tx<'_>,
    user: &UserRef,
    once: &Once,
    now: Micros,
) -> Result<Claimed<A>, StoreError> {
    let (fingerprint, answer, created_at) = hold(tx, user, once, now).await?;
    Ok(match answer {
        None => Claimed::Fresh,
        Some(_) if now.since(Micros(created_at)) >= LIFE => Claimed::Fresh,
        Some(answer) if Digest::stored(&fingerprint) == once.fingerprint => {
            Claimed::Again(serde_json::from_str(&answer).map_err(StoreError::unavailable)?)
        }
        Some(_) => Claimed::Mismatch,
    })
}

/// Keeps what the call was answered with.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    user: &UserRef,
    once: &Once,
    answer: &impl Serialize,
    now: Micros,
) -> Result<(), StoreError> {
    let answer = serde_json::to_string(answer).map_err(StoreError::unavailable)?;
    diesel::update(table::table.find((user.tenant.as_str(), once.key.as_str())))
        .set((
            table::user_id.eq(user.id.as_str()),
            table::fingerprint.eq(once.fingerprint.bytes().to_vec()),
            table::answer.eq(answer),
            table::created_at.eq(now.0),
        ))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Lets a held key go, since its call came to nothing and may be tried again.
pub(crate) async fn let_go(tx: &mut Tx<'_>, user: &UserRef, once: &Once) -> Result<(), StoreError> {
    let held = table::table.find((user.tenant.as_str(), once.key.as_str()));
    diesel::delete(held.filter(table::answer.is_null())).execute(tx.conn).await?;
    Ok(())
}
