//! Typed codes: each try is counted in the transaction that tells what came of it.

use super::super::RunQueryDsl;
use super::Tx;
use super::addresses;
use super::confirm::{self, Proof};
use super::links::LinkRow;
use super::prepared::Prepare;
use super::users;
use crate::model::{Micros, UserRef};
use crate::store::schema::{code_tries, verifications};
use crate::store::{Confirmed, StoreError, Tried};
use diesel::dsl::Find;
use diesel::prelude::*;
use std::time::Duration;
use uuid::Uuid;

/// How long a code is good, and how long wrong tries count.
pub(crate) const WINDOW: Duration = Duration::from_mins(15);

/// How many wrong tries a user has in a window.
const TRIES: i64 = 5;

/// The tries of a user.
pub(crate) fn of<'a>(tenant: &'a str, id: &'a str) -> Find<code_tries::table, (&'a str, &'a str)> {
    code_tries::table.find((tenant, id))
}

/// The verifications whose codes are good for the user now.
pub(crate) async fn open(
    tx: &mut Tx<'_>,
    user: UserRef,
    now: Micros,
) -> Result<Vec<Uuid>, StoreError> {
    let of_user = verifications::tenant
        .eq(user.tenant.as_str())
        .and(verifications::user_id.eq(user.id.as_str()));
    let ids: Vec<Vec<u8>> = verifications::table
        .filter(of_user.and(verifications::created_at.gt(now.before(WINDOW).0)))
        .select(verifications::id)
        .load(tx.conn)
        .await?;
    Ok(ids.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect())
}

/// Counts a try and, where it may count, says what came of it. `matched` is the verification whose
/// code was typed; the caller has compared, but nobody learns the result of a try beyond the limit.
pub(crate) async fn attempt(
    tx: &mut Tx<'_>,
    user: UserRef,
    matched: Option<Uuid>,
    now: Micros,
) -> Result<Tried, StoreError> {
    let Some(row) = users::find(tx, &user).await? else {
        return Ok(Tried::Right(Confirmed::Unknown));
    };
    let Some(address) = &row.address else { return Ok(Tried::Right(Confirmed::Unknown)) };
    addresses::lock(tx, &user.tenant, address, [0; 16]).await?;
    let Some(row) = users::find(tx, &user).await? else {
        return Ok(Tried::Right(Confirmed::Unknown));
    };
    if row.email_verified_at.is_some() {
        return Ok(Tried::Right(Confirmed::Already));
    }
    let (since, tries) = count(tx, &user, now).await?;
    if tries > TRIES {
        let wait = Micros(since).after(WINDOW).since(now);
        return Ok(Tried::TooMany(wait));
    }
    let Some(id) = matched else { return Ok(Tried::Wrong(TRIES - tries)) };
    let link: Option<LinkRow> = verifications::table
        .find(id.as_bytes().to_vec())
        .select(LinkRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?;
    match link {
        Some(link) => Ok(Tried::Right(confirm::spend(tx, &link, Proof::Code, now).await?)),
        None => Ok(Tried::Wrong(TRIES - tries)),
    }
}

/// One try more, in the window that the first one opened; tries beyond the limit are not counted,
/// so that hammering does not keep the window open.
async fn count(tx: &mut Tx<'_>, user: &UserRef, now: Micros) -> Result<(i64, i64), StoreError> {
    let before: Option<(i64, i64)> = of(user.tenant.as_str(), user.id.as_str())
        .select((code_tries::since, code_tries::tries))
        .get_result(tx.conn)
        .await
        .optional()?;
    let open = before.filter(|(since, _)| now.since(Micros(*since)) < WINDOW);
    let (since, tries) =
        open.map_or((now.0, 1), |(since, tries)| (since, (tries + 1).min(TRIES + 1)));
    let values = (
        code_tries::tenant.eq(user.tenant.as_str()),
        code_tries::user_id.eq(user.id.as_str()),
        code_tries::since.eq(since),
        code_tries::tries.eq(tries),
    );
    diesel::insert_into(code_tries::table)
        .values(values)
        .on_conflict((code_tries::tenant, code_tries::user_id))
        .do_update()
        .set((code_tries::since.eq(since), code_tries::tries.eq(tries)))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok((since, tries))
}
