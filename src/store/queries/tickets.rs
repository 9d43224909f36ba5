//! Stream tickets: spent by their first use.

use super::super::RunQueryDsl;
use super::Tx;
use crate::model::{Digest, Micros, SessionId, UserRef};
use crate::store::schema::tickets;
use crate::store::{StoreError, Ticket};
use diesel::prelude::*;

/// Keeps a ticket by its digest.
pub(crate) async fn add(tx: &mut Tx<'_>, digest: Digest, ticket: Ticket) -> Result<(), StoreError> {
    let values = (
        tickets::digest.eq(digest.bytes().to_vec()),
        tickets::tenant.eq(ticket.user.tenant.as_str()),
        tickets::user_id.eq(ticket.user.id.as_str()),
        tickets::session_id.eq(ticket.session.map(|session| session.to_string())),
        tickets::issued_at.eq(ticket.issued_at.0),
        tickets::signed_by.eq(ticket.signed_by.map(|key| key.bytes().to_vec())),
        tickets::until.eq(ticket.until.map(|until| until.0)),
        tickets::expires_at.eq(ticket.expires_at.0),
    );
    diesel::insert_into(tickets::table).values(values).execute(tx.conn).await?;
    Ok(())
}

type Row = (String, String, Option<String>, i64, Option<Vec<u8>>, Option<i64>, i64);

/// Takes the ticket away and says whose it was; `None` where there is none, or it is too old.
pub(crate) async fn spend(
    tx: &mut Tx<'_>,
    digest: Digest,
    now: Micros,
) -> Result<Option<Ticket>, StoreError> {
    let row: Option<Row> = diesel::delete(tickets::table.find(digest.bytes().to_vec()))
        .returning((
            tickets::tenant,
            tickets::user_id,
            tickets::session_id,
            tickets::issued_at,
            tickets::signed_by,
            tickets::until,
            tickets::expires_at,
        ))
        .get_result(tx.conn)
        .await
        .optional()?;
    Ok(row.and_then(ticket).filter(|ticket| now < ticket.expires_at))
}

fn ticket((tenant, id, session, issued_at, signed_by, until, expires_at): Row) -> Option<Ticket> {
    Some(Ticket {
        user: UserRef { tenant: tenant.parse().ok()?, id: id.parse().ok()? },
        session: session.map(|session| session.parse().map(SessionId)).transpose().ok()?,
        issued_at: Micros(issued_at),
        signed_by: signed_by.map(|key| Digest::stored(&key)),
        until: until.map(Micros),
        expires_at: Micros(expires_at),
    })
}
