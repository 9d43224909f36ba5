//! What an application's backend reads of its users, removes, and disconnects.

use super::super::RunQueryDsl;
use super::remove::{self, Links};
use super::users::{self, UserRow};
use super::{Tx, audit, hold};
use crate::model::{
    Act, By, Deed, EmailAddress, Ending, EndingCode, Micros, Precondition, TenantName, User,
    UserId, UserRef,
};
use crate::store::schema::users as table;
use crate::store::{Deleted, StoreError};
use diesel::prelude::*;

/// Up to `limit` of the tenant's users in the order of their ids, after the one named `after`;
/// with `email` those who name that address, verified or not.
pub(crate) async fn list(
    tx: &mut Tx<'_>,
    tenant: TenantName,
    email: Option<EmailAddress>,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let after = after.as_ref().map_or("", UserId::as_str);
    let rows: Vec<UserRow> = if let Some(email) = email {
        // Few, and in the order of their ids as the other branch has it: by their bytes.
        let mut rows = users::naming(tx, tenant.as_str(), email.key()).await?;
        rows.retain(|row| row.id.as_str() > after);
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        rows.into_iter().take(usize::try_from(limit).unwrap_or_default()).collect()
    } else {
        table::table
            .filter(table::tenant.eq(tenant.as_str()).and(table::id.gt(after)))
            .select(UserRow::as_select())
            .order(table::id)
            .limit(limit)
            .load(tx.conn)
            .await?
    };
    Ok(rows.iter().map(|row| row.document(&tx.epoch)).collect())
}

/// Removes a user and all that hangs on it.
pub(crate) async fn delete(
    tx: &mut Tx<'_>,
    user: UserRef,
    precondition: Precondition,
    by: By,
    now: Micros,
) -> Result<Deleted, StoreError> {
    let (row, _) = hold::with_addresses(tx, &user, None).await?;
    let Some(row) = row else { return Ok(Deleted::Unknown) };
    if !precondition.holds(Some(row.cursor(&tx.epoch))) {
        return Ok(Deleted::Stale);
    }
    remove::user(tx, &row, EndingCode::UserDeleted, Links::Remove, now).await?;
    audit::record(tx, Act::on_user(by, Deed::UserDeleted, &user.tenant, &user.id, now)).await?;
    Ok(Deleted::Done)
}

/// Ends the user's connections of this moment, on every node; whether there is such a user. Its
/// sessions and tokens stay good.
pub(crate) async fn disconnect(
    tx: &mut Tx<'_>,
    user: UserRef,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    if users::find(tx, &user).await?.is_none() {
        return Ok(false);
    }
    audit::record(tx, Act::on_user(by, Deed::ConnectionsEnded, &user.tenant, &user.id, now))
        .await?;
    let ending = Ending { user, session: None, code: EndingCode::Disconnected, at: now };
    remove::end(tx, ending).await?;
    Ok(true)
}
