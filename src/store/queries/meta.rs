//! The database's own draw.

use super::super::RunQueryDsl;
use super::Conn;
use crate::model::Epoch;
use crate::store::StoreError;
use crate::store::schema::meta;
use diesel::prelude::*;

const EPOCH: &str = "epoch";

/// The database's epoch, drawn where there is none. Of several nodes that start at once, one draws.
pub(crate) async fn epoch(conn: &mut Conn) -> Result<String, StoreError> {
    let drawn = (meta::name.eq(EPOCH), meta::value.eq(Epoch::draw().to_string()));
    diesel::insert_into(meta::table).values(drawn).on_conflict_do_nothing().execute(conn).await?;
    Ok(meta::table.find(EPOCH).select(meta::value).get_result(conn).await?)
}

/// Whether the database answers.
pub(crate) async fn ping(tx: &mut super::Tx<'_>) -> Result<(), StoreError> {
    meta::table.find(EPOCH).select(meta::value).get_result::<String>(tx.conn).await?;
    Ok(())
}

/// Draws the database's epoch again: its histories are not the ones that clients have seen.
pub(crate) async fn redraw(tx: &mut super::Tx<'_>) -> Result<(), StoreError> {
    diesel::update(meta::table.find(EPOCH))
        .set(meta::value.eq(Epoch::draw().to_string()))
        .execute(tx.conn)
        .await?;
    Ok(())
}
