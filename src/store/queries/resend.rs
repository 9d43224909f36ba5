//! Mails about an address: the first, and the ones asked for again.

use super::super::RunQueryDsl;
use super::Tx;
use super::addresses::{self, AddressRow};
use super::letters::{self, NewLetter};
use super::users::UserRow;
use super::{hold, links};
use crate::model::{Languages, Micros, UserRef};
use crate::store::schema::users as table;
use crate::store::stamps::Stamps;
use crate::store::{NewLink, Resent, StoreError};
use diesel::prelude::*;
use std::time::Duration;

/// How long after a mail the same user may ask for the next.
const GAP: Duration = Duration::from_mins(1);

/// How long an account lives that nobody confirms, from its last mail.
const UNCONFIRMED_LIFE: Duration = Duration::from_hours(7 * 24);

/// How long an account lives that was signed up with an address somebody else has verified.
const DECOY_LIFE: Duration = Duration::from_hours(24);

/// Queues another mail for a user who asks for it.
pub(crate) async fn again(
    tx: &mut Tx<'_>,
    user: UserRef,
    link: NewLink,
    languages: Languages,
    now: Micros,
) -> Result<Resent, StoreError> {
    let (row, held) = hold::with_addresses(tx, &user, None).await?;
    let Some(row) = row else { return Ok(Resent::Unknown) };
    let Some(address) = hold::address_of(&held, &row) else { return Ok(Resent::NoAddress) };
    if row.email_verified_at.is_some() {
        return Ok(Resent::Already);
    }
    if let Some(wait) = wait(&row, now) {
        return Ok(Resent::Wait(wait));
    }
    send(tx, &row, address, link, &languages, now).await?;
    Ok(Resent::Sent(link.expires_at))
}

/// How long the user has to wait for the next mail.
pub(crate) fn wait(row: &UserRow, now: Micros) -> Option<Duration> {
    Stamps::read(&row.mailed, now).wait(GAP)
}

/// Queues the mail that the row's address should get now: link and code, or where somebody else
/// has verified the address, a word to its owner. An address that had its five in this hour gets
/// none, and the caller learns nothing of that: it would tell whether others use the address.
pub(crate) async fn send(
    tx: &mut Tx<'_>,
    row: &UserRow,
    address: &AddressRow,
    link: NewLink,
    languages: &Languages,
    now: Micros,
) -> Result<(), StoreError> {
    let mut mailed = Stamps::read(&row.mailed, now);
    mailed.add(now);
    diesel::update(table::table.find((&row.tenant, &row.id)))
        .set((
            table::mailed.eq(mailed.write()),
            table::active_at.eq(now.0),
            table::expires_at.eq(life_end(row, address, now).map(|end| end.0)),
        ))
        .execute(tx.conn)
        .await?;
    let Some(to) = row.email.as_deref() else { return Ok(()) };
    if !addresses::count_mail(tx, address, now).await? {
        return Ok(());
    }
    // Kept for a taken address too, where nobody is mailed it: the same work tells no difference.
    links::add(tx, row, link, now).await?;
    let taken = address.verified_user.is_some();
    let letter = NewLetter {
        tenant: &row.tenant,
        kind: if taken { letters::ADDRESS_TAKEN } else { letters::VERIFY },
        to,
        token_id: (!taken).then_some(link.id),
        languages,
    };
    letters::queue(tx, letter, now).await
}

/// When the account goes unless somebody confirms its address: of sign-ups, a while after their
/// last mail, so that no mailed link outlives its account; of one that names a taken address, a day
/// after it was made.
fn life_end(row: &UserRow, address: &AddressRow, now: Micros) -> Option<Micros> {
    if !row.is_rival() {
        return row.expires_at.map(Micros);
    }
    Some(if address.verified_user.is_some() {
        Micros(row.created_at).after(DECOY_LIFE)
    } else {
        now.after(UNCONFIRMED_LIFE)
    })
}
