//! What has had its time goes, in small steps so that nobody waits long for the writer.

use super::super::RunQueryDsl;
use super::Tx;
use super::remove::{self, Links};
use super::users::UserRow;
use super::{addresses, idempotency, users, webhook_messages};
use crate::model::{EndingCode, Micros};
use crate::store::StoreError;
use crate::store::schema::{
    audit, changes, endings, idempotency_keys, letters, limits, password_resets, sessions, tickets,
    users as table, verifications,
};
use diesel::prelude::*;
use std::time::Duration;

/// How many rows of a kind one step removes.
const STEP: i64 = 200;

const DAY: Duration = Duration::from_hours(24);

/// How long an expired link still says that it has expired.
const EXPIRED_LINKS: Duration = Duration::from_hours(30 * 24);

/// How long it is known who did what.
const ACTS: Duration = Duration::from_hours(90 * 24);

/// How long an operator can see a letter that was given up.
const GIVEN_UP_LETTERS: Duration = Duration::from_hours(7 * 24);

/// Removes up to [`STEP`] rows of each kind; whether there may be more.
pub(crate) async fn step(tx: &mut Tx<'_>, now: Micros) -> Result<bool, StoreError> {
    let mut most = old_changes(tx, now).await?;

    let old: Vec<Vec<u8>> = endings::table
        .filter(endings::at.lt(now.before(DAY).0))
        .select(endings::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    most = most.max(old.len());
    diesel::delete(endings::table.filter(endings::id.eq_any(old))).execute(tx.conn).await?;

    let old: Vec<Vec<u8>> = verifications::table
        .filter(verifications::expires_at.lt(now.before(EXPIRED_LINKS).0))
        .select(verifications::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    most = most.max(old.len());
    diesel::delete(verifications::table.filter(verifications::id.eq_any(old)))
        .execute(tx.conn)
        .await?;

    let old: Vec<Vec<u8>> = audit::table
        .filter(audit::at.lt(now.before(ACTS).0))
        .select(audit::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    most = most.max(old.len());
    diesel::delete(audit::table.filter(audit::id.eq_any(old))).execute(tx.conn).await?;

    let old: Vec<String> = sessions::table
        .filter(sessions::expires_at.le(now.0))
        .select(sessions::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    most = most.max(old.len());
    diesel::delete(sessions::table.filter(sessions::id.eq_any(old))).execute(tx.conn).await?;

    let old: Vec<(String, String)> = idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(now.before(idempotency::LIFE).0))
        .select((idempotency_keys::tenant, idempotency_keys::name))
        .limit(STEP)
        .load(tx.conn)
        .await?;
    most = most.max(old.len());
    for key in &old {
        // Used again since it was read, it stays.
        let old = idempotency_keys::created_at.lt(now.before(idempotency::LIFE).0);
        let old = idempotency_keys::table.find((&key.0, &key.1)).filter(old);
        diesel::delete(old).execute(tx.conn).await?;
    }

    // A letter that was given up, unlike one that waits.
    let forgotten = letters::given_up_at.lt(now.before(GIVEN_UP_LETTERS).0);
    diesel::delete(letters::table.filter(forgotten)).execute(tx.conn).await?;
    let over = password_resets::expires_at.lt(now.before(DAY).0);
    diesel::delete(password_resets::table.filter(over)).execute(tx.conn).await?;
    diesel::delete(tickets::table.filter(tickets::expires_at.le(now.0))).execute(tx.conn).await?;
    diesel::delete(limits::table.filter(limits::idle_at.le(now.0))).execute(tx.conn).await?;
    most = most.max(expired_users(tx, now).await?);
    most = most.max(webhook_messages::prune(tx, now).await?);
    Ok(i64::try_from(most).unwrap_or(STEP) >= STEP)
}

/// Changes that are older than their tenant keeps them.
async fn old_changes(tx: &mut Tx<'_>, now: Micros) -> Result<usize, StoreError> {
    let kept = tx.kept.now();
    let before = |age| changes::at.lt(now.before(age).0);
    let names: Vec<&String> = kept.others.keys().collect();
    let usual = changes::tenant.ne_all(names).and(before(kept.usual.age));
    let mut old: Vec<(String, String, i64)> = changes::table
        .filter(usual)
        .select((changes::tenant, changes::user_id, changes::version))
        .limit(STEP)
        .load(tx.conn)
        .await?;
    for (tenant, kept) in &kept.others {
        let theirs: Vec<(String, String, i64)> = changes::table
            .filter(changes::tenant.eq(tenant).and(before(kept.age)))
            .select((changes::tenant, changes::user_id, changes::version))
            .limit(STEP)
            .load(tx.conn)
            .await?;
        old.extend(theirs);
    }
    for (tenant, id, version) in &old {
        diesel::delete(changes::table.find((tenant, id, version))).execute(tx.conn).await?;
    }
    Ok(old.len())
}

async fn expired_users(tx: &mut Tx<'_>, now: Micros) -> Result<usize, StoreError> {
    let old: Vec<UserRow> = table::table
        .filter(table::expires_at.le(now.0))
        .select(UserRow::as_select())
        .order(table::expires_at)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    for row in &old {
        let Some(user) = row.user() else { continue };
        if let Some(address) = &row.address {
            addresses::lock(tx, &user.tenant, address, [0; 16]).await?;
        }
        // Verified since it was read, it stays.
        let Some(row) = users::find(tx, &user).await? else { continue };
        if row.expires_at.is_some_and(|at| at <= now.0) {
            remove::user(tx, &row, EndingCode::UserDeleted, Links::Keep, now).await?;
        }
    }
    Ok(old.len())
}
