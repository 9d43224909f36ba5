//! Mails about an address: the first, and the ones asked for again.

use super::Tx;
use super::addresses::{self, AddressRow};
use super::users::{self, UserRow};
use super::{letters, links};
use crate::model::{Micros, UserRef};
use crate::store::schema::users as table;
use crate::store::stamps::Stamps;
use crate::store::{NewLink, Resent, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::time::Duration;

/// How long after a mail the same user may ask for the next.
const GAP: Duration = Duration::from_mins(1);

/// The template with link and code.
const VERIFY: &str = "verify";

/// The template that tells an address's owner of a sign-up, with no link.
const ADDRESS_TAKEN: &str = "address_taken";

/// Queues another mail for a user who asks for it.
pub(crate) async fn again(
    tx: &mut Tx<'_>,
    user: UserRef,
    link: NewLink,
    now: Micros,
) -> Result<Resent, StoreError> {
    let Some(row) = users::find(tx, &user).await? else { return Ok(Resent::Unknown) };
    let Some(address) = &row.address else { return Ok(Resent::NoAddress) };
    let address = addresses::lock(tx, &user.tenant, address, [0; 16]).await?;
    // Read again under the lock: a click or another request may have come first.
    let Some(row) = users::find(tx, &user).await? else { return Ok(Resent::Unknown) };
    if row.email_verified_at.is_some() {
        return Ok(Resent::Already);
    }
    if let Some(wait) = wait(&row, now) {
        return Ok(Resent::Wait(wait));
    }
    send(tx, &row, &address, link, now).await?;
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
    now: Micros,
) -> Result<(), StoreError> {
    let mut mailed = Stamps::read(&row.mailed, now);
    mailed.add(now);
    diesel::update(table::table.find((&row.tenant, &row.id)))
        .set((table::mailed.eq(mailed.write()), table::active_at.eq(now.0)))
        .execute(tx.conn)
        .await?;
    let Some(to) = row.email.as_deref() else { return Ok(()) };
    if !addresses::count_mail(tx, address, now).await? {
        return Ok(());
    }
    if address.verified_user.is_some() {
        return letters::queue(tx, &row.tenant, ADDRESS_TAKEN, to, None, now).await;
    }
    links::add(tx, row, link, now).await?;
    letters::queue(tx, &row.tenant, VERIFY, to, Some(link.id), now).await
}
