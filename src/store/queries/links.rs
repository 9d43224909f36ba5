//! The links as their pages show them.

use super::super::RunQueryDsl;
use super::Tx;
use super::addresses;
use super::confirm::standing;
use super::users::{self, UserRow};
use crate::model::{Digest, EmailAddress, Micros, UserRef};
use crate::store::schema::{letters, password_resets, verifications};
use crate::store::{Confirmed, Link, LinkState, NewLink, StoreError};
use diesel::prelude::*;

/// A verification's row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = verifications)]
pub(crate) struct LinkRow {
    pub(crate) id: Vec<u8>,
    pub(crate) tenant: String,
    pub(crate) user_id: String,
    pub(crate) address: String,
    pub(crate) expires_at: i64,
}

impl LinkRow {
    pub(crate) fn user(&self) -> Option<UserRef> {
        Some(UserRef { tenant: self.tenant.parse().ok()?, id: self.user_id.parse().ok()? })
    }
}

/// Keeps a link for the row's address.
pub(crate) async fn add(
    tx: &mut Tx<'_>,
    row: &UserRow,
    link: NewLink,
    now: Micros,
) -> Result<(), StoreError> {
    let Some(address) = &row.address else { return Ok(()) };
    let values = (
        verifications::id.eq(link.id.as_bytes().to_vec()),
        verifications::tenant.eq(&row.tenant),
        verifications::user_id.eq(&row.id),
        verifications::address.eq(address),
        verifications::digest.eq(link.digest.bytes().to_vec()),
        verifications::created_at.eq(now.0),
        verifications::expires_at.eq(link.expires_at.0),
    );
    diesel::insert_into(verifications::table).values(values).execute(tx.conn).await?;
    Ok(())
}

/// Makes every link and code that was made for the user unknown, and takes back the letters with
/// them that have not left.
pub(crate) async fn remove(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), StoreError> {
    let theirs = verifications::tenant.eq(&row.tenant).and(verifications::user_id.eq(&row.id));
    let mut gone: Vec<Vec<u8>> = diesel::delete(verifications::table.filter(theirs))
        .returning(verifications::id)
        .load(tx.conn)
        .await?;
    let theirs = password_resets::user_id.eq(&row.id).and(password_resets::tenant.eq(&row.tenant));
    gone.extend(
        diesel::delete(password_resets::table.filter(theirs))
            .returning(password_resets::id)
            .load::<Vec<u8>>(tx.conn)
            .await?,
    );
    diesel::delete(letters::table.filter(letters::token_id.eq_any(gone))).execute(tx.conn).await?;
    diesel::delete(super::codes::of(&row.tenant, &row.id)).execute(tx.conn).await?;
    Ok(())
}

/// The verification whose link has this digest.
pub(crate) async fn by_digest(
    tx: &mut Tx<'_>,
    digest: Digest,
) -> Result<Option<LinkRow>, StoreError> {
    Ok(verifications::table
        .filter(verifications::digest.eq(digest.bytes().to_vec()))
        .select(LinkRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?)
}

/// Where the link with this digest stands, for its page. Changes nothing.
pub(crate) async fn show(
    tx: &mut Tx<'_>,
    digest: Digest,
    now: Micros,
) -> Result<Option<Link>, StoreError> {
    let Some(link) = by_digest(tx, digest).await? else { return Ok(None) };
    let Some(user) = link.user() else { return Ok(None) };
    let Some(address) = addresses::find(tx, &link.tenant, &link.address).await? else {
        return Ok(None);
    };
    let row = users::find(tx, &user).await?;
    let state = match standing(&link, &address, row.as_ref(), now) {
        Ok(()) => LinkState::Pending,
        Err(Confirmed::Already) => LinkState::Verified,
        Err(Confirmed::Expired) => LinkState::Expired,
        Err(_) => return Ok(None),
    };
    let named = users::naming(tx, &link.tenant, &link.address).await?;
    let rivals = named.iter().any(|other| other.id != link.user_id && other.is_rival());
    let salt = row.as_ref().filter(|_| rivals).and_then(|row| row.password_salt(&address));
    Ok(Some(Link {
        user,
        // Of an account that is gone the address is known in the form it was compared in.
        email: row
            .as_ref()
            .and_then(UserRow::email)
            .or_else(|| EmailAddress::parse(&link.address).ok()),
        state,
        expires_at: Micros(link.expires_at),
        account_made_at: row.as_ref().map(|row| Micros(row.created_at)),
        device: row.and_then(|row| row.device),
        rivals: salt,
    }))
}
