//! The log of changes: what a reader missed, and who changed of late.

use super::super::RunQueryDsl;
use super::Tx;
use super::shown;
use crate::model::{
    Change, ChangeType, Cursor, Document, Ending, EndingCode, Epoch, Micros, SessionId, User,
    UserRef, Version,
};
use crate::store::schema::{changes, endings, users as table};
use crate::store::{Page, Since, StoreError};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The most that a resume carries, in bytes of documents and data.
const MAX_RESUME: usize = 256 * 1024;

/// The most changes that a resume carries.
const MAX_CHANGES: i64 = 100;

/// A change's row.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
struct ChangeRow {
    version: i64,
    kind: String,
    data: String,
    document: String,
    at: i64,
}

/// A user's document as the log keeps it; id and cursor are the row's own.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    verified_at: Option<i64>,
    #[serde(borrow)]
    kyc: &'a RawValue,
    #[serde(borrow)]
    attributes: &'a RawValue,
    created_at: i64,
}

/// The document as the log keeps it.
pub(crate) fn stored(user: &User) -> String {
    let raw = |document: &Document| serde_json::from_str::<Box<RawValue>>(document.as_str());
    let (Ok(kyc), Ok(attributes)) = (raw(&user.kyc), raw(&user.attributes)) else {
        return String::new();
    };
    let stored = Stored {
        email: user.email.as_deref().map(Cow::Borrowed),
        verified_at: user.email_verified_at.map(|at| at.0),
        kyc: &kyc,
        attributes: &attributes,
        created_at: user.created_at.0,
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

impl ChangeRow {
    /// The change; `None` where somebody else wrote the row and it cannot be read.
    fn change(self, id: &str, epoch: Epoch) -> Option<Change> {
        let stored: Stored<'_> = serde_json::from_str(&self.document).ok()?;
        let cursor = Cursor { epoch, version: Version(self.version) };
        let user = User {
            id: id.to_owned(),
            email: stored.email.map(Cow::into_owned),
            email_verified: stored.verified_at.is_some(),
            email_verified_at: stored.verified_at.map(Micros),
            kyc: Document::stored(stored.kyc.get()),
            attributes: Document::stored(stored.attributes.get()),
            created_at: Micros(stored.created_at),
            updated_at: Micros(self.at),
            cursor,
        };
        let data = Document::stored(&self.data);
        Some(Change {
            cursor,
            kind: ChangeType::stored(self.kind),
            data,
            at: Micros(self.at),
            user,
        })
    }

    fn size(&self) -> usize {
        self.document.len() + self.data.len()
    }
}

/// The user's state now, and what it missed since `after`.
pub(crate) async fn since(
    tx: &mut Tx<'_>,
    user: UserRef,
    after: Option<Cursor>,
) -> Result<Option<Since>, StoreError> {
    let Some(row) = shown::find(tx, &user).await? else { return Ok(None) };
    let present = row.cursor(&tx.epoch);
    let changes = match after {
        Some(after) if after == present => Some(Vec::new()),
        Some(after) if present.is_ahead_of(&after) => missed(tx, &user, after, present).await?,
        _ => None,
    };
    Ok(Some(Since { user: row.document(&tx.epoch), changes }))
}

async fn missed(
    tx: &mut Tx<'_>,
    user: &UserRef,
    after: Cursor,
    present: Cursor,
) -> Result<Option<Vec<Change>>, StoreError> {
    let count = present.version.0.saturating_sub(after.version.0);
    if count > MAX_CHANGES {
        return Ok(None);
    }
    let rows = load(tx, user, after.version.0, present.version.0, count).await?;
    let whole = i64::try_from(rows.len()) == Ok(count);
    if !whole || rows.iter().map(ChangeRow::size).sum::<usize>() > MAX_RESUME {
        return Ok(None);
    }
    Ok(rows.into_iter().map(|change| change.change(user.id.as_str(), present.epoch)).collect())
}

/// Up to `limit` changes with a version above `after` and up to `until`.
async fn load(
    tx: &mut Tx<'_>,
    user: &UserRef,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let of_user =
        changes::tenant.eq(user.tenant.as_str()).and(changes::user_id.eq(user.id.as_str()));
    Ok(changes::table
        .filter(of_user.and(changes::version.gt(after)).and(changes::version.le(until)))
        .select(ChangeRow::as_select())
        .order(changes::version)
        .limit(limit)
        .load(tx.conn)
        .await?)
}

/// A page of the user's history after a cursor, or from the oldest kept.
pub(crate) async fn page(
    tx: &mut Tx<'_>,
    user: UserRef,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Option<Page>, StoreError> {
    let Some(row) = shown::find(tx, &user).await? else { return Ok(None) };
    let present = row.cursor(&tx.epoch);
    if after.is_some_and(|after| after.epoch != present.epoch || after.version > present.version) {
        return Ok(Some(Page::Gone));
    }
    let from = after.map_or(0, |after| after.version.0);
    let rows = load(tx, &user, from, present.version.0, limit).await?;
    let first = rows.iter().map(|change| change.version).next();
    let hole = first.map_or(from < present.version.0, |first| first != from + 1);
    if after.is_some() && hole {
        return Ok(Some(Page::Gone));
    }
    let changes: Option<Vec<Change>> =
        rows.into_iter().map(|change| change.change(user.id.as_str(), present.epoch)).collect();
    let Some(changes) = changes else { return Ok(Some(Page::Gone)) };
    let cursor = changes.last().map_or(after.unwrap_or(present), |last| last.cursor);
    Ok(Some(Page::Changes(changes, cursor)))
}

/// Who changed at or after `since`, each with its present cursor; `limit` of them at most.
pub(crate) async fn changed_since(
    tx: &mut Tx<'_>,
    since: Micros,
    limit: i64,
) -> Result<Vec<(UserRef, Cursor)>, StoreError> {
    let of_user = table::tenant.eq(changes::tenant).and(table::id.eq(changes::user_id));
    let rows: Vec<(String, String, i64, String)> = changes::table
        .inner_join(table::table.on(of_user))
        .filter(changes::at.ge(since.0))
        .select((table::tenant, table::id, table::version, table::epoch))
        .distinct()
        .limit(limit)
        .load(tx.conn)
        .await?;
    let present = |(tenant, id, version, own): (String, String, i64, String)| {
        let user = UserRef { tenant: tenant.parse().ok()?, id: id.parse().ok()? };
        let cursor = Cursor::stored(&tx.epoch, &own, version);
        Some((user, cursor))
    };
    Ok(rows.into_iter().filter_map(present).collect())
}

/// The first `limit` things that ended at or after `since`, oldest first.
pub(crate) async fn endings_since(
    tx: &mut Tx<'_>,
    since: Micros,
    limit: i64,
) -> Result<Vec<Ending>, StoreError> {
    let rows: Vec<(String, String, Option<String>, String, i64)> = endings::table
        .filter(endings::at.ge(since.0))
        .select((
            endings::tenant,
            endings::user_id,
            endings::session_id,
            endings::code,
            endings::at,
        ))
        .order(endings::at)
        .limit(limit)
        .load(tx.conn)
        .await?;
    Ok(rows.into_iter().filter_map(ending).collect())
}

fn ending(
    (tenant, id, session, code, at): (String, String, Option<String>, String, i64),
) -> Option<Ending> {
    let user = UserRef { tenant: tenant.parse().ok()?, id: id.parse().ok()? };
    let session = session.map(|session| session.parse().map(SessionId)).transpose().ok()?;
    Some(Ending { user, session, code: EndingCode::parse(&code), at: Micros(at) })
}
