//! Forgotten and changed passwords, and the end of an account by its owner.

use super::super::RunQueryDsl;
use super::addresses::{self, AddressRow};
use super::hold;
use super::letters::{self, NewLetter};
use super::remove::{self, Links};
use super::users::{self, UserRow};
use super::{Tx, audit};
use crate::model::{
    Act, By, Deed, Digest, EmailAddress, Ending, EndingCode, Languages, Micros, SessionId, UserRef,
};
use crate::store::schema::{password_resets, sessions, users as table};
use crate::store::{
    Hash, NewPassword, NewReset, Proved, QueuedLetter, Reset, ResetState, StoreError,
};
use diesel::prelude::*;

/// A password reset's row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = password_resets)]
struct ResetRow {
    id: Vec<u8>,
    tenant: String,
    address: String,
    user_id: Option<String>,
    expires_at: i64,
    used_at: Option<i64>,
}

/// Keeps a wish for a new password and queues its letter, for a known address and an unknown one
/// alike: see [`has_reader`].
pub(crate) async fn ask(tx: &mut Tx<'_>, new: NewReset) -> Result<(), StoreError> {
    let values = (
        password_resets::id.eq(new.id.as_bytes().to_vec()),
        password_resets::tenant.eq(new.tenant.as_str()),
        password_resets::address.eq(new.email.key()),
        password_resets::digest.eq(new.digest.bytes().to_vec()),
        password_resets::expires_at.eq(new.expires_at.0),
    );
    diesel::insert_into(password_resets::table).values(values).execute(tx.conn).await?;
    let letter = NewLetter {
        tenant: new.tenant.as_str(),
        kind: letters::PASSWORD_RESET,
        to: new.email.as_str(),
        token_id: Some(new.id),
        languages: &new.languages,
    };
    letters::queue(tx, letter, new.now).await
}

/// Whether the letter of a reset is to leave: an account with a password has verified the address,
/// which may have another mail. The reset is that account's from now on.
pub(crate) async fn has_reader(
    tx: &mut Tx<'_>,
    letter: &QueuedLetter,
    now: Micros,
) -> Result<bool, StoreError> {
    let Some(id) = letter.token_id else { return Ok(false) };
    let found: Option<ResetRow> = password_resets::table
        .find(id.as_bytes().to_vec())
        .select(ResetRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some(row) = found else { return Ok(false) };
    if row.user_id.is_some() {
        return Ok(true);
    }
    let Some(address) = addresses::find(tx, &row.tenant, &row.address).await? else {
        return Ok(false);
    };
    let address = addresses::lock(tx, &letter.tenant, &address.address, [0; 16]).await?;
    let Some(owner) = owner(tx, &address).await?.filter(|owner| owner.password.is_some()) else {
        return Ok(false);
    };
    if !addresses::count_mail(tx, &address, now).await? {
        return Ok(false);
    }
    diesel::update(password_resets::table.find(&row.id))
        .set(password_resets::user_id.eq(&owner.id))
        .execute(tx.conn)
        .await?;
    Ok(true)
}

/// The user who has verified the address.
async fn owner(tx: &mut Tx<'_>, address: &AddressRow) -> Result<Option<UserRow>, StoreError> {
    let Some(id) = address.verified_user.as_deref() else { return Ok(None) };
    let user = address.tenant.parse().ok().zip(users::id(id));
    match user {
        Some((tenant, id)) => users::find(tx, &UserRef { tenant, id }).await,
        None => Ok(None),
    }
}

async fn by_digest(tx: &mut Tx<'_>, digest: Digest) -> Result<Option<ResetRow>, StoreError> {
    Ok(password_resets::table
        .filter(password_resets::digest.eq(digest.bytes().to_vec()))
        .select(ResetRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?)
}

/// Where a reset stands that belongs to `owner`; `None` where it belongs to somebody else.
fn standing(row: &ResetRow, owner: &UserRow, now: Micros) -> Option<ResetState> {
    if row.user_id.as_deref() != Some(owner.id.as_str()) {
        return None;
    }
    Some(if row.used_at.is_some() {
        ResetState::Used
    } else if now.0 >= row.expires_at {
        ResetState::Expired
    } else {
        ResetState::Pending
    })
}

/// Where the reset with this digest stands, for its page. Changes nothing.
pub(crate) async fn show(
    tx: &mut Tx<'_>,
    digest: Digest,
    now: Micros,
) -> Result<Option<Reset>, StoreError> {
    let Some(row) = by_digest(tx, digest).await? else { return Ok(None) };
    let Some(address) = addresses::find(tx, &row.tenant, &row.address).await? else {
        return Ok(None);
    };
    let Some(owner) = owner(tx, &address).await? else { return Ok(None) };
    let Some(state) = standing(&row, &owner, now) else { return Ok(None) };
    let (email, salt) = (owner.email(), owner.password_salt(&address));
    Ok(email.zip(salt).map(|(email, salt)| Reset { state, email, salt }))
}

/// Gives the account a new password by a mailed link, and ends all its sessions; what the link was
/// before, `None` where it is unknown.
pub(crate) async fn reset(
    tx: &mut Tx<'_>,
    digest: Digest,
    password: Hash,
    languages: Languages,
    by: By,
    now: Micros,
) -> Result<Option<ResetState>, StoreError> {
    let Some(row) = by_digest(tx, digest).await? else { return Ok(None) };
    let Ok(tenant) = row.tenant.parse() else { return Ok(None) };
    let address = addresses::lock(tx, &tenant, &row.address, [0; 16]).await?;
    let Some(owner) = owner(tx, &address).await? else { return Ok(None) };
    // Read again under the lock: of two that send the form at once, one finds it used.
    let Some(row) = by_digest(tx, digest).await? else { return Ok(None) };
    let state = standing(&row, &owner, now);
    if state != Some(ResetState::Pending) {
        return Ok(state);
    }
    // Links of the same address that were mailed before are as good as this one, and end with it.
    let theirs = password_resets::address.eq(&row.address);
    let theirs = theirs.and(password_resets::tenant.eq(&row.tenant));
    diesel::update(password_resets::table.filter(theirs.and(password_resets::used_at.is_null())))
        .set(password_resets::used_at.eq(now.0))
        .execute(tx.conn)
        .await?;
    set(tx, &owner, password).await?;
    if let Some(user) = owner.user() {
        let act = Act::on_user(by, Deed::PasswordReset, &user.tenant, &user.id, now);
        audit::record(tx, act).await?;
        let ending = Ending { user, session: None, code: EndingCode::SessionRevoked, at: now };
        super::sessions::end(tx, ending).await?;
    }
    tell(tx, &owner, &address, letters::PASSWORD_CHANGED, &languages, now).await?;
    Ok(state)
}

/// Gives the account of somebody who knows the present password a new one, and ends all its
/// sessions but one.
pub(crate) async fn change(tx: &mut Tx<'_>, new: NewPassword) -> Result<Proved, StoreError> {
    let Some((row, address)) = locked(tx, &new.user).await? else { return Ok(Proved::Unknown) };
    if let Err(reason) = prove(&row, &new.present) {
        return Ok(reason);
    }
    set(tx, &row, new.new).await?;
    let (deed, UserRef { tenant, id }) = (Deed::PasswordChanged, &new.user);
    audit::record(tx, Act::on_user(new.by, deed, tenant, id, new.now)).await?;
    let others: Vec<String> = sessions::table
        .filter(sessions::tenant.eq(&row.tenant).and(sessions::user_id.eq(&row.id)))
        .select(sessions::id)
        .load(tx.conn)
        .await?;
    let others = others.iter().filter_map(|id| id.parse().ok().map(SessionId));
    for session in others.filter(|id| Some(*id) != new.keep) {
        let (user, code) = (new.user.clone(), EndingCode::SessionRevoked);
        let ending = Ending { user, session: Some(session), code, at: new.now };
        super::sessions::end(tx, ending).await?;
    }
    if let Some(address) = address {
        let kind = letters::PASSWORD_CHANGED;
        tell(tx, &row, &address, kind, &new.languages, new.now).await?;
    }
    Ok(Proved::Done)
}

/// Removes the account of somebody who knows its password, and wants it removed.
pub(crate) async fn leave(
    tx: &mut Tx<'_>,
    user: UserRef,
    present: Hash,
    languages: Languages,
    by: By,
    now: Micros,
) -> Result<Proved, StoreError> {
    let Some((row, address)) = locked(tx, &user).await? else { return Ok(Proved::Unknown) };
    if let Err(reason) = prove(&row, &present) {
        return Ok(reason);
    }
    if let Some(address) = address {
        tell(tx, &row, &address, letters::ACCOUNT_DELETED, &languages, now).await?;
    }
    remove::user(tx, &row, EndingCode::UserDeleted, Links::Remove, now).await?;
    audit::record(tx, Act::on_user(by, Deed::UserDeleted, &user.tenant, &user.id, now)).await?;
    Ok(Proved::Done)
}

/// The user's row and its address's, held.
async fn locked(
    tx: &mut Tx<'_>,
    user: &UserRef,
) -> Result<Option<(UserRow, Option<AddressRow>)>, StoreError> {
    let (row, held) = hold::with_addresses(tx, user, None).await?;
    let with_address = |row: UserRow| {
        let address = hold::address_of(&held, &row).cloned();
        (row, address)
    };
    Ok(row.map(with_address))
}

fn prove(row: &UserRow, shown: &Hash) -> Result<(), Proved> {
    let kept = row.password.as_ref().ok_or(Proved::NoPassword)?;
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(kept, shown);
    same.map_err(|_| Proved::WrongPassword)
}

async fn set(tx: &mut Tx<'_>, row: &UserRow, password: Hash) -> Result<(), StoreError> {
    diesel::update(table::table.find((&row.tenant, &row.id)))
        .set(table::password.eq(password.to_vec()))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Tells the address of what was done to its account, where it has verified it: an unverified
/// address may be anybody's.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    row: &UserRow,
    address: &AddressRow,
    kind: &str,
    languages: &Languages,
    now: Micros,
) -> Result<(), StoreError> {
    let to: Option<EmailAddress> = row.email().filter(|_| row.email_verified_at.is_some());
    let Some(to) = to else { return Ok(()) };
    if !addresses::count_mail(tx, address, now).await? {
        return Ok(());
    }
    let letter =
        NewLetter { tenant: &row.tenant, kind, to: to.as_str(), token_id: None, languages };
    letters::queue(tx, letter, now).await
}
