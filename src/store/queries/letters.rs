//! The mail queue: written with what needs it, read by the worker with a lease.

use super::super::RunQueryDsl;
use super::Tx;
use super::passwords;
use super::prepared::Prepare;
use crate::model::{Effect, EmailAddress, Languages, Micros};
use crate::store::schema::letters;
use crate::store::{ClaimedLetters, Queue, QueuedLetter, StoreError};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use std::time::Duration;
use uuid::Uuid;

/// The template with link and code.
pub(crate) const VERIFY: &str = "verify";

/// The template that tells an address's owner of a sign-up, with no link of an account.
pub(crate) const ADDRESS_TAKEN: &str = "address_taken";

/// The template with the link to a new password; leaves only where there is an account.
pub(crate) const PASSWORD_RESET: &str = "password_reset";

/// The template that tells of a new password.
pub(crate) const PASSWORD_CHANGED: &str = "password_changed";

/// The template that tells an address that it is its account's no longer.
pub(crate) const ADDRESS_CHANGED: &str = "address_changed";

/// The template that tells of a deleted account.
pub(crate) const ACCOUNT_DELETED: &str = "account_deleted";

/// When a letter that was given up is due.
const NEVER: i64 = i64::MAX;

/// What a letter says, to whom.
pub(crate) struct NewLetter<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) to: &'a str,
    pub(crate) token_id: Option<Uuid>,
    pub(crate) languages: &'a Languages,
}

/// Queues a letter in this transaction.
pub(crate) async fn queue(
    tx: &mut Tx<'_>,
    letter: NewLetter<'_>,
    now: Micros,
) -> Result<(), StoreError> {
    let values = (
        letters::id.eq(Uuid::now_v7().as_bytes().to_vec()),
        letters::tenant.eq(letter.tenant),
        letters::kind.eq(letter.kind),
        letters::recipient.eq(letter.to),
        letters::token_id.eq(letter.token_id.map(|id| id.as_bytes().to_vec())),
        letters::made_at.eq(now.0),
        letters::due_at.eq(now.0),
        letters::attempts.eq(0),
        letters::languages.eq(letter.languages.as_str()),
    );
    diesel::insert_into(letters::table).values(values).execute(tx.conn).await?;
    tx.effects.push(Effect::Queued);
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = letters)]
struct LetterRow {
    id: Vec<u8>,
    tenant: String,
    kind: String,
    recipient: String,
    token_id: Option<Vec<u8>>,
    made_at: i64,
    due_at: i64,
    attempts: i64,
    languages: String,
    given_up_at: Option<i64>,
    cause: Option<String>,
}

/// Takes up to `limit` due letters and puts the rest of the world off them for `lease`: of several
/// nodes that ask at once, each letter goes to one. Those that turn out to have no reader go.
pub(crate) async fn claim(
    tx: &mut Tx<'_>,
    now: Micros,
    lease: Duration,
    limit: i64,
) -> Result<ClaimedLetters, StoreError> {
    let due: Vec<Vec<u8>> = letters::table
        .filter(letters::due_at.le(now.0))
        .order(letters::due_at)
        .select(letters::id)
        .limit(limit)
        .load(tx.conn)
        .await?;
    let more = i64::try_from(due.len()).is_ok_and(|found| found >= limit);
    let mut letters = Vec::with_capacity(due.len());
    for id in due {
        // Due still: another node's claim that came first has moved it.
        let due = letters::table.find(id).filter(letters::due_at.le(now.0));
        let row: Option<LetterRow> = diesel::update(due)
            .set(letters::due_at.eq(now.after(lease).0))
            .returning(LetterRow::as_returning())
            .prepared()
            .get_result(tx.conn)
            .await
            .optional()?;
        let Some(letter) = row.and_then(letter) else { continue };
        if letter.kind == PASSWORD_RESET && !passwords::has_reader(tx, &letter, now).await? {
            remove(tx, letter.id).await?;
        } else {
            letters.push(letter);
        }
    }
    Ok(ClaimedLetters { letters, more })
}

fn letter(row: LetterRow) -> Option<QueuedLetter> {
    Some(QueuedLetter {
        id: Uuid::from_slice(&row.id).ok()?,
        tenant: row.tenant.parse().ok()?,
        kind: row.kind,
        to: EmailAddress::parse(&row.recipient).ok()?,
        token_id: row.token_id.and_then(|id| Uuid::from_slice(&id).ok()),
        languages: Languages::presented(Some(&row.languages)),
        made_at: Micros(row.made_at),
        attempts: row.attempts,
        cause: row.cause,
        due_at: Micros(row.due_at),
        given_up_at: row.given_up_at.map(Micros),
    })
}

/// The letter has been delivered.
pub(crate) async fn remove(tx: &mut Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    diesel::delete(letters::table.find(id.as_bytes().to_vec())).execute(tx.conn).await?;
    Ok(())
}

/// The letter is to be tried again, not before `until`; counts the try, and keeps why it failed.
pub(crate) async fn put_off(
    tx: &mut Tx<'_>,
    id: Uuid,
    until: Micros,
    cause: String,
) -> Result<(), StoreError> {
    let later = (letters::due_at.eq(until.0), letters::attempts.eq(letters::attempts + 1));
    diesel::update(letters::table.find(id.as_bytes().to_vec()))
        .set((later, letters::cause.eq(cause)))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// The letter will not be tried again unless an operator wants it to; it is kept with the reason.
pub(crate) async fn give_up(
    tx: &mut Tx<'_>,
    id: Uuid,
    cause: String,
    now: Micros,
) -> Result<(), StoreError> {
    diesel::update(letters::table.find(id.as_bytes().to_vec()))
        .set((
            letters::due_at.eq(NEVER),
            letters::attempts.eq(letters::attempts + 1),
            letters::given_up_at.eq(now.0),
            letters::cause.eq(cause),
        ))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Has the given-up letters that are not older than `since` tried once more; how many.
pub(crate) async fn retry(
    tx: &mut Tx<'_>,
    since: Micros,
    now: Micros,
) -> Result<usize, StoreError> {
    let given_up = letters::given_up_at.is_not_null().and(letters::made_at.ge(since.0));
    Ok(diesel::update(letters::table.filter(given_up))
        .set((letters::due_at.eq(now.0), letters::given_up_at.eq(None::<i64>)))
        .prepared()
        .execute(tx.conn)
        .await?)
}

/// The letters that wait or were given up, oldest first, `limit` at most.
pub(crate) async fn list(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<QueuedLetter>, StoreError> {
    let rows: Vec<LetterRow> = letters::table
        .select(LetterRow::as_select())
        .order((letters::made_at, letters::id))
        .limit(limit)
        .load(tx.conn)
        .await?;
    Ok(rows.into_iter().filter_map(letter).collect())
}

/// How the queue stands.
pub(crate) async fn standing(tx: &mut Tx<'_>) -> Result<Queue, StoreError> {
    let (waiting, oldest): (i64, Option<i64>) = letters::table
        .filter(letters::due_at.lt(NEVER))
        .select((count_star(), min(letters::made_at)))
        .get_result(tx.conn)
        .await?;
    let given_up: i64 = letters::table
        .filter(letters::due_at.eq(NEVER))
        .select(count_star())
        .get_result(tx.conn)
        .await?;
    Ok(Queue { waiting, oldest: oldest.map(Micros), given_up })
}
