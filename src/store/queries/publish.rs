//! What an application's backend says of a user.

use super::Tx;
use super::users::{self, UserRow};
use crate::bugs::version_step;
use crate::model::{ChangeType, Document, Micros, UserRef};
use crate::store::schema::users as table;
use crate::store::{Published, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Records a change of `user`; `kyc.updated` and `user.updated` merge `data` into the document.
pub(crate) async fn publish(
    tx: &mut Tx<'_>,
    user: UserRef,
    kind: ChangeType,
    data: Document,
    now: Micros,
) -> Result<Published, StoreError> {
    // The version first: it is the row's lock, so that what is merged into is the latest.
    let row: Option<UserRow> =
        diesel::update(table::table.find((user.tenant.as_str(), user.id.as_str())))
            .set((table::version.eq(table::version + version_step()), table::updated_at.eq(now.0)))
            .returning(UserRow::as_returning())
            .get_result(tx.conn)
            .await
            .optional()?;
    let Some(mut row) = row else { return Ok(Published::UnknownUser) };
    let (kyc, attributes) = (kind == ChangeType::kyc_updated(), kind == ChangeType::user_updated());
    if kyc || attributes {
        let before = Document::stored(if kyc { &row.kyc } else { &row.attributes });
        let Ok(after) = before.merged(&data) else {
            tx.undone = true;
            return Ok(Published::TooLarge);
        };
        let member = if kyc { &mut row.kyc } else { &mut row.attributes };
        after.as_str().clone_into(member);
        diesel::update(table::table.find((&row.tenant, &row.id)))
            .set((table::kyc.eq(&row.kyc), table::attributes.eq(&row.attributes)))
            .execute(tx.conn)
            .await?;
    }
    let change = users::record(tx, &row, kind, data).await?;
    Ok(change.map_or(Published::UnknownUser, |change| Published::Done(Box::new(change))))
}
