//! The click: one transaction that verifies an address for one account and for nobody else.

use super::super::RETURNS;
use super::super::RunQueryDsl;
use super::Tx;
use super::addresses::{self, AddressRow};
use super::links::{self, LinkRow};
use super::prepared::Prepare;
use super::remove;
use super::users::{self, UserRow};
use crate::bugs::{Bug, seeded};
use crate::model::{ChangeType, Digest, Document, EndingCode, Micros};
use crate::store::schema::{users as table, verifications};
use crate::store::{Confirmed, Hash, StoreError};
use diesel::prelude::*;
use serde_json::json;

/// Spends the link with this digest. `password` is the hash of what was typed where rivals made
/// the page ask for it.
pub(crate) async fn by_link(
    tx: &mut Tx<'_>,
    digest: Digest,
    password: Option<Hash>,
    now: Micros,
) -> Result<Confirmed, StoreError> {
    let Some(link) = links::by_digest(tx, digest).await? else { return Ok(Confirmed::Unknown) };
    spend(tx, &link, Proof::Link(password), now).await
}

/// What was shown beside the link or code.
pub(crate) enum Proof {
    /// A link, opened by whoever holds the mail, with the account's password where it was asked for.
    Link(Option<Hash>),
    /// A code, typed by somebody logged in to the account.
    Code,
}

/// Verifies the link's address for its account, where that is still right.
pub(crate) async fn spend(
    tx: &mut Tx<'_>,
    link: &LinkRow,
    proof: Proof,
    now: Micros,
) -> Result<Confirmed, StoreError> {
    let Some(user) = link.user() else { return Ok(Confirmed::Unknown) };
    let address = addresses::lock(tx, &user.tenant, &link.address, [0; 16]).await?;
    let row = users::find(tx, &user).await?;
    if let Err(outcome) = standing(link, &address, row.as_ref(), now) {
        return Ok(outcome);
    }
    let Some(mut row) = row else { return Ok(Confirmed::Unknown) };
    if let Proof::Link(password) = &proof {
        let named = users::naming(tx, &row.tenant, &link.address).await?;
        let rivals = named.iter().any(|other| other.id != row.id && other.is_rival());
        let proved = matches!((password, &row.password), (Some(shown), Some(kept))
            if aws_lc_rs::constant_time::verify_slices_are_equal(shown, kept).is_ok());
        if rivals && row.password.is_some() && !proved {
            return Ok(Confirmed::NeedsPassword);
        }
    }
    diesel::update(verifications::table.find(&link.id))
        .set(verifications::used_at.eq(now.0))
        .prepared()
        .execute(tx.conn)
        .await?;
    let method = if matches!(proof, Proof::Code) { "code" } else { "link" };
    verify(tx, &mut row, method, now).await?;
    Ok(Confirmed::Now)
}

/// Whether the link may verify; `Err` says what it does instead.
pub(crate) fn standing(
    link: &LinkRow,
    address: &AddressRow,
    row: Option<&UserRow>,
    now: Micros,
) -> Result<(), Confirmed> {
    if seeded(Bug::SpendsTwice) {
        return Ok(());
    }
    if address.verified_user.as_deref() == Some(link.user_id.as_str()) {
        return Err(Confirmed::Already);
    }
    // Its account went, or lost the address, when a rival's click verified the address.
    if address.verified_user.is_some() {
        return Err(Confirmed::Already);
    }
    if row.is_none_or(|row| row.address.as_deref() != Some(&link.address)) {
        return Err(Confirmed::Unknown);
    }
    if now.0 >= link.expires_at {
        return Err(Confirmed::Expired);
    }
    Ok(())
}

/// Makes the row's address verified, in a new version, and takes it from everybody else who named
/// it. The address's row must be locked.
pub(crate) async fn verify(
    tx: &mut Tx<'_>,
    row: &mut UserRow,
    method: &str,
    now: Micros,
) -> Result<(), StoreError> {
    let Some(address) = row.address.clone() else { return Ok(()) };
    let user = table::table.find((&row.tenant, &row.id));
    let update = diesel::update(user).set((
        table::version.eq(table::version + 1),
        table::email_verified_at.eq(now.0),
        table::updated_at.eq(now.0),
        table::expires_at.eq(None::<i64>),
    ));
    *row = if RETURNS {
        update.returning(UserRow::as_returning()).prepared().get_result(tx.conn).await?
    } else {
        update.prepared().execute(tx.conn).await?;
        user.select(UserRow::as_select()).get_result(tx.conn).await?
    };
    let data = json!({ "method": method });
    let data =
        data.as_object().and_then(|data| Document::new(data).ok()).unwrap_or_else(Document::empty);
    users::record(tx, row, ChangeType::email_verified(), data).await?;
    take_over(tx, row, &address, now).await
}

/// Gives the address to the row's user, who has verified it, and takes it from everybody else who
/// named it.
pub(crate) async fn take_over(
    tx: &mut Tx<'_>,
    row: &UserRow,
    address: &str,
    now: Micros,
) -> Result<(), StoreError> {
    addresses::set_verified(tx, &row.tenant, address, Some(&row.id)).await?;
    diesel::delete(super::codes::of(&row.tenant, &row.id)).execute(tx.conn).await?;
    for other in users::naming(tx, &row.tenant, address).await? {
        if other.id == row.id {
            continue;
        }
        if other.origin == users::SIGNED_UP {
            remove::user(tx, &other, EndingCode::UserDeleted, remove::Links::Keep, now).await?;
        } else {
            lose_address(tx, &other, now).await?;
        }
    }
    Ok(())
}

/// A user made by a backend or an issuer keeps everything but the address, its password's salt too.
async fn lose_address(tx: &mut Tx<'_>, row: &UserRow, now: Micros) -> Result<(), StoreError> {
    let address = match &row.address {
        Some(address) => addresses::find(tx, &row.tenant, address).await?,
        None => None,
    };
    let row: UserRow = diesel::update(table::table.find((&row.tenant, &row.id)))
        .set((
            table::version.eq(table::version + 1),
            table::email.eq(None::<String>),
            table::address.eq(None::<String>),
            table::email_verified_at.eq(None::<i64>),
            table::salt.eq(row.own_salt(address.as_ref())),
            table::updated_at.eq(now.0),
        ))
        .returning(UserRow::as_returning())
        .prepared()
        .get_result(tx.conn)
        .await?;
    let data = json!({ "email": null });
    let data =
        data.as_object().and_then(|data| Document::new(data).ok()).unwrap_or_else(Document::empty);
    users::record(tx, &row, ChangeType::email_changed(), data).await?;
    Ok(())
}
