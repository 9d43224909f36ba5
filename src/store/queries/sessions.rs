//! Sessions: one log-in each, found by cookie or by the id in a refresh token.

use super::super::RunQueryDsl;
use super::prepared::Prepare;
use super::{Tx, audit, remove, users};
use crate::model::{Act, By, Deed, Digest, Ending, EndingCode, Micros, SessionId, User, UserRef};
use crate::store::schema::{sessions, users as table};
use crate::store::{Candidate, NewSession, Refreshed, Rotation, Session, StoreError};
use diesel::prelude::*;
use std::time::Duration;

/// How long a spent refresh token still gets the answer that may have been lost.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: String,
    tenant: String,
    user_id: String,
    generation: i64,
    refreshed_at: i64,
    user_agent: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
}

impl SessionRow {
    fn session(self) -> Option<Session> {
        Some(Session {
            id: SessionId(self.id.parse().ok()?),
            user: UserRef { tenant: self.tenant.parse().ok()?, id: self.user_id.parse().ok()? },
            generation: self.generation,
            refreshed_at: Micros(self.refreshed_at),
            user_agent: self.user_agent,
            created_at: Micros(self.created_at),
            last_seen_at: Micros(self.last_seen_at),
            expires_at: Micros(self.expires_at),
        })
    }
}

/// The accounts that a log-in with this address may mean.
pub(crate) async fn candidates(
    tx: &mut Tx<'_>,
    tenant: String,
    address: String,
) -> Result<Vec<Candidate>, StoreError> {
    let rows = users::naming(tx, &tenant, &address).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Candidate {
                user: users::id(&row.id)?,
                verified: row.email_verified_at.is_some(),
                password: row.password?.try_into().ok()?,
                salt: row.salt.and_then(|salt| salt.try_into().ok()),
            })
        })
        .collect())
}

/// Opens a session; `None` where the account went or changed its password meanwhile.
pub(crate) async fn open(tx: &mut Tx<'_>, new: NewSession) -> Result<Option<User>, StoreError> {
    let account = table::table
        .find((new.user.tenant.as_str(), new.user.id.as_str()))
        .filter(table::password.eq(new.password.to_vec()));
    let row: Option<users::UserRow> = diesel::update(account)
        .set(table::active_at.eq(new.now.0))
        .returning(users::UserRow::as_returning())
        .prepared()
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let values = (
        sessions::id.eq(new.id.to_string()),
        sessions::tenant.eq(new.user.tenant.as_str()),
        sessions::user_id.eq(new.user.id.as_str()),
        sessions::cookie.eq(new.cookie.bytes().to_vec()),
        sessions::generation.eq(1),
        sessions::refreshed_at.eq(new.now.0),
        sessions::user_agent.eq(new.user_agent),
        sessions::created_at.eq(new.now.0),
        sessions::last_seen_at.eq(new.now.0),
        sessions::expires_at.eq(new.expires_at.0),
    );
    diesel::insert_into(sessions::table).values(values).execute(tx.conn).await?;
    Ok(Some(row.document(&tx.epoch)))
}

/// The session whose cookie has this digest, unless it has expired.
pub(crate) async fn by_cookie(
    tx: &mut Tx<'_>,
    cookie: Digest,
    now: Micros,
) -> Result<Option<Session>, StoreError> {
    let row: Option<SessionRow> = sessions::table
        .filter(sessions::cookie.eq(cookie.bytes().to_vec()).and(sessions::expires_at.gt(now.0)))
        .select(SessionRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?;
    Ok(row.and_then(SessionRow::session))
}

/// Says that the session was used, which puts its end off.
pub(crate) async fn touch(
    tx: &mut Tx<'_>,
    id: SessionId,
    user: UserRef,
    now: Micros,
    expires_at: Micros,
) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(id.to_string()))
        .set((sessions::last_seen_at.eq(now.0), sessions::expires_at.eq(expires_at.0)))
        .prepared()
        .execute(tx.conn)
        .await?;
    diesel::update(table::table.find((user.tenant.as_str(), user.id.as_str())))
        .set(table::active_at.eq(now.0))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Spends the refresh token `generation` of a session. `None` is a caller with the session's
/// cookie, who gets the current token and spends nothing. A token used again, later than a lost
/// answer explains, ends the session: two hold it.
pub(crate) async fn refresh(
    tx: &mut Tx<'_>,
    id: SessionId,
    generation: Option<i64>,
    now: Micros,
    expires_at: Micros,
) -> Result<Refreshed, StoreError> {
    // A write that changes nothing yet: two tabs that refresh at once take turns from here.
    let live = sessions::table.find(id.to_string()).filter(sessions::expires_at.gt(now.0));
    let row: Option<SessionRow> = diesel::update(live)
        .set((sessions::last_seen_at.eq(now.0), sessions::expires_at.eq(expires_at.0)))
        .returning(SessionRow::as_returning())
        .prepared()
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some(session) = row.and_then(SessionRow::session) else { return Ok(Refreshed::Unknown) };
    let Some(user) = users::find(tx, &session.user).await? else { return Ok(Refreshed::Unknown) };
    let user = user.document(&tx.epoch);
    let current = session.generation;
    let spent = generation.unwrap_or(current);
    let lost = spent + 1 == current && now.since(session.refreshed_at) <= GRACE;
    if generation.is_none() || lost {
        return Ok(Refreshed::Rotated(Box::new(Rotation { generation: current, session, user })));
    }
    if spent > current {
        return Ok(Refreshed::Unknown);
    }
    if spent < current {
        let ending = Ending {
            user: session.user,
            session: Some(id),
            code: EndingCode::SessionRevoked,
            at: now,
        };
        end(tx, ending).await?;
        return Ok(Refreshed::Reused);
    }
    diesel::update(sessions::table.find(id.to_string()))
        .set((sessions::generation.eq(current + 1), sessions::refreshed_at.eq(now.0)))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(Refreshed::Rotated(Box::new(Rotation { generation: current + 1, session, user })))
}

/// The user's sessions that have not expired, newest first.
pub(crate) async fn list(
    tx: &mut Tx<'_>,
    user: UserRef,
    now: Micros,
) -> Result<Vec<Session>, StoreError> {
    let theirs =
        sessions::tenant.eq(user.tenant.as_str()).and(sessions::user_id.eq(user.id.as_str()));
    let rows: Vec<SessionRow> = sessions::table
        .filter(theirs.and(sessions::expires_at.gt(now.0)))
        .select(SessionRow::as_select())
        .order(sessions::created_at.desc())
        .load(tx.conn)
        .await?;
    Ok(rows.into_iter().filter_map(SessionRow::session).collect())
}

/// Ends one of the user's sessions, or with no session all of them and every token so far; whether
/// there was anything to end.
pub(crate) async fn end(tx: &mut Tx<'_>, ending: Ending) -> Result<bool, StoreError> {
    let (tenant, id) = (ending.user.tenant.as_str(), ending.user.id.as_str());
    let theirs = sessions::tenant.eq(tenant).and(sessions::user_id.eq(id));
    if let Some(session) = ending.session {
        let one = sessions::table.filter(theirs.and(sessions::id.eq(session.to_string())));
        if diesel::delete(one).execute(tx.conn).await? == 0 {
            return Ok(false);
        }
    } else {
        let all = diesel::delete(sessions::table.filter(theirs)).returning(sessions::id);
        let all: Vec<String> = all.load(tx.conn).await?;
        // Each by name too: a token by another node's clock may seem younger than the ending.
        for session in all.iter().filter_map(|id| id.parse().ok().map(SessionId)) {
            remove::end(tx, Ending { session: Some(session), ..ending.clone() }).await?;
        }
    }
    remove::end(tx, ending).await?;
    Ok(true)
}

/// [`end`], asked for by somebody; the end of all sessions at once is written down.
pub(crate) async fn end_by(tx: &mut Tx<'_>, ending: Ending, by: By) -> Result<bool, StoreError> {
    if ending.session.is_none() {
        let (user, deed) = (&ending.user, Deed::LoggedOutEverywhere);
        audit::record(tx, Act::on_user(by, deed, &user.tenant, &user.id, ending.at)).await?;
    }
    end(tx, ending).await
}
