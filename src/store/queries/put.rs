//! A backend says what a user is: one version, or none where nothing differs.

use super::super::RunQueryDsl;
use super::addresses::{self, AddressRow};
use super::idempotency::{self, Claimed};
use super::letters;
use super::prepared::Prepare;
use super::said::{differing, kind, said};
use super::users::{self, UserRow};
use super::{Tx, audit, confirm, hold, links, passwords};
use crate::bugs::{Bug, seeded, version_step};
use crate::model::{Act, Deed, Document, User};
use crate::store::schema::users as table;
use crate::store::{Put, PutUser, StoreError};
use diesel::prelude::*;

/// The answer as it is kept for the same call: whether the user was made, and its document.
type Answer = (bool, Box<User>);

/// Makes the user what `new` says, once.
pub(crate) async fn put(tx: &mut Tx<'_>, new: PutUser) -> Result<Put, StoreError> {
    if let Some(once) = &new.once {
        match idempotency::claim::<Answer>(tx, &new.user, once, new.now).await? {
            Claimed::Fresh => {}
            Claimed::Again((created, user)) => return Ok(Put::Done { created, user }),
            Claimed::Mismatch => return Ok(Put::Mismatch),
        }
    }
    let outcome = attempt(tx, &new).await?;
    match (&outcome, &new.once) {
        (Put::Done { created, user }, Some(once)) => {
            idempotency::keep(tx, &new.user, once, &(created, user), new.now).await?;
        }
        (Put::Done { .. }, None) => {}
        // Not even the rows of addresses and keys that were locked.
        _ => tx.undone = true,
    }
    Ok(outcome)
}

async fn attempt(tx: &mut Tx<'_>, new: &PutUser) -> Result<Put, StoreError> {
    let also = new.email.as_ref().and_then(|email| Some((email.as_ref()?, new.salt)));
    let (before, held) = hold::with_addresses(tx, &new.user, also).await?;
    if !new.precondition.holds(before.as_ref().map(|row| row.cursor(&tx.epoch))) {
        return Ok(Put::Stale);
    }
    let created = before.is_none();
    let before = before.unwrap_or_else(|| UserRow::new(&new.user, users::BROUGHT, new.now));
    let mut after = match said(&before, new) {
        Ok(after) => after,
        Err(outcome) => return Ok(outcome),
    };
    if seeded(Bug::ForgetsHalf) {
        after.attributes.clone_from(&before.attributes);
    }
    let (old, to) = (hold::address_of(&held, &before), hold::address_of(&held, &after));
    let taken = to.and_then(|address| address.verified_user.as_deref());
    let speaks_of_it = new.email.is_some() || new.email_verified == Some(true);
    if speaks_of_it && taken.is_some_and(|owner| owner != after.id) {
        return Ok(Put::Taken);
    }
    let data = differing(&before, &after, new);
    if data.is_empty() && !created {
        return Ok(Put::Done { created, user: Box::new(before.document(&tx.epoch)) });
    }

    let kind = kind(created, &before, &after, &data);
    let moved = !created && before.address != after.address;
    if moved {
        carry_password(tx, &mut after, old, to).await?;
    }
    after.updated_at = new.now.0;
    if created {
        diesel::insert_into(table::table).values(&after).execute(tx.conn).await?;
    } else {
        after.version += version_step();
        update(tx, &after).await?;
    }
    // More than an event's `data` may have: both documents' patches may be in it.
    let data = Document::stored(&serde_json::to_string(&data).unwrap_or_default());
    users::record(tx, &after, kind, data).await?;
    settle(tx, new, &before, &after, old).await?;
    let deed = if created { Deed::UserCreated } else { Deed::UserChanged };
    let (tenant, id) = (&new.user.tenant, &new.user.id);
    audit::record(tx, Act::on_user(new.by.clone(), deed, tenant, id, new.now)).await?;
    Ok(Put::Done { created, user: Box::new(after.document(&tx.epoch)) })
}

/// A password's hash is worth nothing without the salt it was made with, which is the old
/// address's: the new address takes it over where nobody there has a password, or else the account
/// keeps it.
async fn carry_password(
    tx: &mut Tx<'_>,
    after: &mut UserRow,
    old: Option<&AddressRow>,
    to: Option<&AddressRow>,
) -> Result<(), StoreError> {
    after.salt = after.own_salt(old);
    if let (Some(salt), Some(to)) = (&after.salt, to) {
        let named = users::naming(tx, &to.tenant, &to.address).await?;
        if named.iter().all(|other| other.password.is_none()) {
            addresses::set_salt(tx, to, salt).await?;
            after.salt = None;
        }
    }
    Ok(())
}

async fn update(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), StoreError> {
    diesel::update(table::table.find((&row.tenant, &row.id)))
        .set((
            table::version.eq(row.version),
            table::origin.eq(&row.origin),
            table::email.eq(&row.email),
            table::address.eq(&row.address),
            table::email_verified_at.eq(row.email_verified_at),
            table::kyc.eq(&row.kyc),
            table::attributes.eq(&row.attributes),
            table::salt.eq(&row.salt),
            table::updated_at.eq(row.updated_at),
            table::expires_at.eq(row.expires_at),
        ))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// What else a change of the address, or of its standing, comes with.
async fn settle(
    tx: &mut Tx<'_>,
    new: &PutUser,
    before: &UserRow,
    after: &UserRow,
    old: Option<&AddressRow>,
) -> Result<(), StoreError> {
    let moved = before.address != after.address;
    let (was, is) = (before.email_verified_at.is_some(), after.email_verified_at.is_some());
    if let Some(old) = old.filter(|_| was && (moved || !is)) {
        addresses::set_verified(tx, &old.tenant, &old.address, None).await?;
    }
    if old.is_some() && (moved || (was && !is)) {
        // A link or code that was sent before proves nothing now; one that was used would again.
        links::remove(tx, after).await?;
    }
    if let Some(old) = old.filter(|_| moved) {
        let kind = letters::ADDRESS_CHANGED;
        passwords::tell(tx, before, old, kind, &new.languages, new.now).await?;
    }
    if let Some(address) = after.address.as_deref().filter(|_| is && (moved || !was)) {
        confirm::take_over(tx, after, address, new.now).await?;
    }
    Ok(())
}
