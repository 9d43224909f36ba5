//! What may happen so often: one row each, so that a restart or another node forgets nothing.

use super::super::RunQueryDsl;
use super::Tx;
use super::prepared::Prepare;
use crate::model::Micros;
use crate::store::schema::limits;
use crate::store::{Allowed, StoreError};
use diesel::prelude::*;
use std::time::Duration;

/// Takes one from each of the named limits, or none of them where one is used up.
///
/// The generic cell rate algorithm (ITU-T I.371): `count` at once, then one every `per / count`.
pub(crate) async fn take(
    tx: &mut Tx<'_>,
    named: Vec<(String, u32, Duration)>,
    now: Micros,
) -> Result<Allowed, StoreError> {
    for (name, count, per) in named {
        let interval = per / count.max(1);
        let row = (limits::name.eq(&name), limits::idle_at.eq(now.0));
        let idle_at: i64 = diesel::insert_into(limits::table)
            .values(row)
            .on_conflict(limits::name)
            .do_update()
            .set(limits::name.eq(&name))
            .returning(limits::idle_at)
            .prepared()
            .get_result(tx.conn)
            .await?;
        let next = Micros(idle_at.max(now.0)).after(interval);
        if next > now.after(per) {
            tx.undone = true;
            return Ok(Allowed::After(next.since(now.after(per))));
        }
        diesel::update(limits::table.find(&name))
            .set(limits::idle_at.eq(next.0))
            .prepared()
            .execute(tx.conn)
            .await?;
    }
    Ok(Allowed::Yes)
}
