//! A user's end: the rows go, and an ending tells every connection and every later credential.

use super::super::RunQueryDsl;
use super::Tx;
use super::users::UserRow;
use super::{addresses, codes, deliveries, links};
use crate::model::{Effect, Ending, EndingCode, Micros};
use crate::store::StoreError;
use crate::store::schema::{changes, endings, idempotency_keys, sessions, tickets, users};
use diesel::prelude::*;
use uuid::Uuid;

/// What becomes of the links in mails already sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// They stay, so that a click can say "already verified".
    Keep,
    /// They are unknown from now on.
    Remove,
}

/// Removes a user and all that hangs on it. The address's row must be locked where it has one.
pub(crate) async fn user(
    tx: &mut Tx<'_>,
    row: &UserRow,
    code: EndingCode,
    links: Links,
    now: Micros,
) -> Result<(), StoreError> {
    let (tenant, id) = (row.tenant.as_str(), row.id.as_str());
    // First, as it is what every writer of the user's holds: nothing is added behind our back.
    diesel::delete(users::table.find((tenant, id))).execute(tx.conn).await?;
    let theirs = sessions::tenant.eq(tenant).and(sessions::user_id.eq(id));
    diesel::delete(sessions::table.filter(theirs)).execute(tx.conn).await?;
    let theirs = changes::tenant.eq(tenant).and(changes::user_id.eq(id));
    diesel::delete(changes::table.filter(theirs)).execute(tx.conn).await?;
    let theirs = tickets::tenant.eq(tenant).and(tickets::user_id.eq(id));
    diesel::delete(tickets::table.filter(theirs)).execute(tx.conn).await?;
    let theirs = idempotency_keys::tenant.eq(tenant).and(idempotency_keys::user_id.eq(id));
    diesel::delete(idempotency_keys::table.filter(theirs)).execute(tx.conn).await?;
    diesel::delete(codes::of(tenant, id)).execute(tx.conn).await?;
    if links == Links::Remove {
        links::remove(tx, row).await?;
    }
    if let (Some(address), Some(_)) = (&row.address, row.email_verified_at) {
        addresses::set_verified(tx, tenant, address, None).await?;
    }
    let Some(user) = row.user() else { return Ok(()) };
    deliveries::forget(tx, &user, now).await?;
    end(tx, Ending { user, session: None, code, at: now }).await
}

/// Records an ending, to be told after the COMMIT here and found by the other nodes.
pub(crate) async fn end(tx: &mut Tx<'_>, ending: Ending) -> Result<(), StoreError> {
    let values = (
        endings::id.eq(Uuid::now_v7().as_bytes().to_vec()),
        endings::tenant.eq(ending.user.tenant.as_str()),
        endings::user_id.eq(ending.user.id.as_str()),
        endings::session_id.eq(ending.session.map(|session| session.to_string())),
        endings::code.eq(ending.code.as_str()),
        endings::at.eq(ending.at.0),
    );
    diesel::insert_into(endings::table).values(values).execute(tx.conn).await?;
    tx.effects.push(Effect::Ended(ending));
    Ok(())
}
