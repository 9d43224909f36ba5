//! A backend wants a link for one of its users.

use super::idempotency::{self, Claimed};
use super::{Tx, audit, hold, links, resend};
use crate::model::{Act, Deed, Micros};
use crate::store::stamps::Stamps;
use crate::store::{Issued, StoreError, WantedLink};
use std::time::Duration;
use uuid::Uuid;

/// The answer as it is kept for the same call, from which link and code are derived again.
type Answer = (Uuid, i64);

/// Makes a verification, once, and queues its mail where that is wanted.
pub(crate) async fn issue(tx: &mut Tx<'_>, wanted: WantedLink) -> Result<Issued, StoreError> {
    if let Some(once) = &wanted.once {
        match idempotency::claim::<Answer>(tx, &wanted.user, once, wanted.now).await? {
            Claimed::Fresh => {}
            Claimed::Again((id, end)) => return Ok(Issued::Done(id, Micros(end))),
            Claimed::Mismatch => return Ok(Issued::Mismatch),
        }
    }
    let outcome = attempt(tx, &wanted).await?;
    if let Issued::Done(..) = outcome {
        let (by, user) = (wanted.by.clone(), &wanted.user);
        let act = Act::on_user(by, Deed::VerificationCreated, &user.tenant, &user.id, wanted.now);
        audit::record(tx, act).await?;
    }
    match (&outcome, &wanted.once) {
        (Issued::Done(id, end), Some(once)) => {
            idempotency::keep(tx, &wanted.user, once, &(id, end.0), wanted.now).await?;
        }
        (Issued::Done(..), None) => {}
        _ => tx.undone = true,
    }
    Ok(outcome)
}

async fn attempt(tx: &mut Tx<'_>, wanted: &WantedLink) -> Result<Issued, StoreError> {
    let (row, held) = hold::with_addresses(tx, &wanted.user, None).await?;
    let Some(row) = row else { return Ok(Issued::Unknown) };
    let Some(address) = hold::address_of(&held, &row) else { return Ok(Issued::NoAddress) };
    if row.email_verified_at.is_some() {
        return Ok(Issued::Already);
    }
    if address.verified_user.is_some() {
        return Ok(Issued::Taken);
    }
    if !wanted.deliver {
        links::add(tx, &row, wanted.link, wanted.now).await?;
        return Ok(Issued::Done(wanted.link.id, wanted.link.expires_at));
    }
    // Unlike a stranger, a backend may know that the address has had its mails.
    let of_address = Stamps::read(&address.mailed, wanted.now).wait(Duration::ZERO);
    if let Some(wait) = resend::wait(&row, wanted.now).max(of_address) {
        return Ok(Issued::Wait(wait));
    }
    resend::send(tx, &row, address, wanted.link, &wanted.languages, wanted.now).await?;
    Ok(Issued::Done(wanted.link.id, wanted.link.expires_at))
}
