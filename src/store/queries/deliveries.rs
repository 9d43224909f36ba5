//! What webhooks are to be sent: queued with the change, leased a lane at a time, and settled.
//!
//! A lane's row is written before its deliveries are looked at, by whoever queues and by whoever
//! settles: on PostgreSQL that is the lock by which neither overlooks the other.

use super::super::RunQueryDsl;
use super::Tx;
use super::prepared::Prepare;
use super::webhooks::{WebhookRow, webhook};
use crate::clock::random_between;
use crate::model::{
    By, Change, Delivery, Effect, MessageId, Micros, Settled, UserId, UserRef, Webhook, WebhookId,
    farewell, payload,
};
use crate::store::StoreError;
use crate::store::schema::{webhook_deliveries as deliveries, webhook_lanes as lanes, webhooks};
use diesel::dsl::{exists, max};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What is sent of a user that went; it is no change, as nothing of the user is left to have one.
const USER_DELETED: &str = "user.deleted";

/// Queues a change for every webhook of its tenant that wants it.
pub(crate) async fn queue(
    tx: &mut Tx<'_>,
    user: &UserRef,
    change: &Change,
) -> Result<(), StoreError> {
    let kind = change.kind.as_str();
    for webhook in wanting(tx, user, kind).await? {
        add(tx, &webhook, &user.id, kind, payload(change), change.at).await?;
    }
    Ok(())
}

/// Drops what was still to be told of a user that went, and queues that it went.
pub(crate) async fn forget(tx: &mut Tx<'_>, user: &UserRef, now: Micros) -> Result<(), StoreError> {
    let of_tenant = webhooks::tenant.eq(user.tenant.as_str());
    let ids: Vec<String> =
        webhooks::table.filter(of_tenant).select(webhooks::id).load(tx.conn).await?;
    if ids.is_empty() {
        return Ok(());
    }
    let theirs = deliveries::webhook.eq_any(ids).and(deliveries::user_id.eq(user.id.as_str()));
    diesel::delete(deliveries::table.filter(theirs)).execute(tx.conn).await?;
    for webhook in wanting(tx, user, USER_DELETED).await? {
        let body = farewell(USER_DELETED, &user.id, now);
        add(tx, &webhook, &user.id, USER_DELETED, body, now).await?;
    }
    Ok(())
}

/// The user's tenant's enabled webhooks that want this type, in one order for all: that of locks.
async fn wanting(tx: &mut Tx<'_>, user: &UserRef, kind: &str) -> Result<Vec<Webhook>, StoreError> {
    let enabled = webhooks::tenant.eq(user.tenant.as_str()).and(webhooks::disabled_at.is_null());
    let rows: Vec<WebhookRow> = webhooks::table
        .filter(enabled)
        .select(WebhookRow::as_select())
        .order(webhooks::id)
        .load(tx.conn)
        .await?;
    let wants = |webhook: &Webhook| {
        webhook.types.is_empty() || webhook.types.iter().any(|wanted| wanted == kind)
    };
    Ok(rows.into_iter().filter_map(webhook).filter(wants).collect())
}

async fn add(
    tx: &mut Tx<'_>,
    webhook: &Webhook,
    user: &UserId,
    kind: &str,
    body: String,
    now: Micros,
) -> Result<(), StoreError> {
    let position = join(tx, webhook.id.as_str(), user.as_str(), now).await?;
    let values = (
        deliveries::id.eq(Uuid::now_v7().as_bytes().to_vec()),
        deliveries::webhook.eq(webhook.id.as_str()),
        deliveries::user_id.eq(user.as_str()),
        deliveries::position.eq(position),
        deliveries::kind.eq(kind),
        deliveries::body.eq(body),
        deliveries::made_at.eq(now.0),
        deliveries::attempts.eq(0),
    );
    diesel::insert_into(deliveries::table).values(values).execute(tx.conn).await?;
    tx.effects.push(Effect::MessageQueued);
    Ok(())
}

/// Holds a lane, made if need be; the position of what joins it now.
///
/// Positions begin at the time, so that a lane made anew goes on after what was given up in an
/// earlier one.
pub(super) async fn join(
    tx: &mut Tx<'_>,
    webhook: &str,
    user: &str,
    now: Micros,
) -> Result<i64, StoreError> {
    let values = (
        lanes::webhook.eq(webhook),
        lanes::user_id.eq(user),
        lanes::last.eq(now.0),
        lanes::due_at.eq(now.0),
    );
    Ok(diesel::insert_into(lanes::table)
        .values(values)
        .on_conflict((lanes::webhook, lanes::user_id))
        .do_update()
        .set(lanes::last.eq(lanes::last + 1))
        .returning(lanes::last)
        .prepared()
        .get_result(tx.conn)
        .await?)
}

/// Takes the next message of up to `each` due lanes of each webhook that is neither disabled, nor
/// paused, nor `busy`, some `limit` in all, and keeps others off those lanes for `lease`.
pub(crate) async fn claim(
    tx: &mut Tx<'_>,
    now: Micros,
    lease: Duration,
    each: i64,
    limit: usize,
    busy: Vec<WebhookId>,
) -> Result<Vec<Delivery>, StoreError> {
    let due = lanes::table
        .filter(lanes::webhook.eq(webhooks::id).and(lanes::due_at.le(now.0)))
        .select(lanes::user_id);
    let rows: Vec<WebhookRow> = webhooks::table
        .filter(webhooks::disabled_at.is_null())
        .filter(webhooks::paused_until.le(now.0))
        .filter(exists(due))
        .select(WebhookRow::as_select())
        .load(tx.conn)
        .await?;
    let free = rows.into_iter().filter_map(webhook).filter(|webhook| !busy.contains(&webhook.id));
    let mut free: Vec<Webhook> = free.collect();
    // Begun anywhere: where the limit is always reached, none is always the last.
    let start = random_between(0, u64::try_from(free.len()).unwrap_or(0));
    let start = usize::try_from(start).unwrap_or(0).min(free.len());
    free.rotate_left(start);
    let mut claimed = Vec::new();
    for webhook in free {
        if claimed.len() >= limit {
            break;
        }
        let lease = now.after(lease);
        let users = lease_lanes(tx, &webhook.id, now, lease, each).await?;
        let webhook = Arc::new(webhook);
        for user in users {
            claimed.extend(first(tx, &webhook, user, lease).await?);
        }
    }
    Ok(claimed)
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Text)]
    user_id: String,
}

/// Leases up to `limit` due lanes of a webhook; whose they are.
async fn lease_lanes(
    tx: &mut Tx<'_>,
    webhook: &WebhookId,
    now: Micros,
    lease: Micros,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    // A lane that another node is about to lease, or that a change is joining, is left to the next
    // look: waiting for it, and it for us, could be a deadlock.
    let due = format!(
        "SELECT user_id FROM webhook_lanes WHERE webhook = $1 AND due_at <= $2 \
         ORDER BY due_at LIMIT $3{}",
        super::super::SKIP_LOCKED
    );
    let due: Vec<Due> = diesel::sql_query(due)
        .bind::<Text, _>(webhook.as_str())
        .bind::<BigInt, _>(now.0)
        .bind::<BigInt, _>(limit)
        .load(tx.conn)
        .await?;
    let users: Vec<String> = due.into_iter().map(|lane| lane.user_id).collect();
    let leased = lanes::webhook.eq(webhook.as_str()).and(lanes::user_id.eq_any(&users));
    diesel::update(lanes::table.filter(leased))
        .set(lanes::due_at.eq(lease.0))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(users)
}

/// The first message of a leased lane; a lane that has none goes.
async fn first(
    tx: &mut Tx<'_>,
    webhook: &Arc<Webhook>,
    user: String,
    lease: Micros,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<(Vec<u8>, String, i64, i64)> = waiting(webhook.id.as_str(), &user)
        .select((deliveries::id, deliveries::body, deliveries::made_at, deliveries::attempts))
        .order(deliveries::position)
        .limit(1)
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some((id, body, made_at, attempts)) = row else {
        let lane = lanes::table.find((webhook.id.as_str(), &user));
        diesel::delete(lane).execute(tx.conn).await?;
        return Ok(None);
    };
    let Ok(id) = Uuid::from_slice(&id) else { return Ok(None) };
    let (id, webhook, made_at) = (MessageId(id), Arc::clone(webhook), Micros(made_at));
    Ok(Some(Delivery { id, webhook, user, body, made_at, attempts, lease }))
}

/// The messages of a lane that are still to be sent.
#[diesel::dsl::auto_type]
fn waiting<'a>(webhook: &'a str, user: &'a str) -> _ {
    deliveries::table
        .filter(deliveries::webhook.eq(webhook))
        .filter(deliveries::user_id.eq(user))
        .filter(deliveries::given_up_at.is_null())
}

/// Records what became of a try. Where its lease has been over, and another's has begun, the
/// message is settled and the lane is left to the other.
pub(crate) async fn settle(
    tx: &mut Tx<'_>,
    delivery: Delivery,
    settled: Settled,
    now: Micros,
) -> Result<(), StoreError> {
    let (id, webhook) = (delivery.id.0.as_bytes().to_vec(), delivery.webhook.id.as_str());
    let due = match &settled {
        Settled::PutOff { until, .. } | Settled::Paused { until, .. } => *until,
        Settled::Delivered | Settled::GivenUp { .. } | Settled::Gone { .. } => now,
    };
    let lane = lanes::table.find((webhook, &delivery.user));
    let ours = diesel::update(lane.filter(lanes::due_at.eq(delivery.lease.0)))
        .set(lanes::due_at.eq(due.0))
        .prepared()
        .execute(tx.conn)
        .await?;
    let message = deliveries::table.find(id);
    let failed = |cause: String| {
        (deliveries::attempts.eq(deliveries::attempts + 1), deliveries::cause.eq(cause))
    };
    match settled {
        Settled::Delivered => {
            diesel::delete(message).execute(tx.conn).await?;
            answers(tx, webhook).await?;
        }
        Settled::GivenUp { cause } => {
            let values = (failed(cause), deliveries::given_up_at.eq(now.0));
            diesel::update(message).set(values).prepared().execute(tx.conn).await?;
        }
        Settled::PutOff { cause, .. } => {
            diesel::update(message).set(failed(cause)).prepared().execute(tx.conn).await?;
            answers(tx, webhook).await?;
            return Ok(());
        }
        Settled::Paused { until, cause } => {
            diesel::update(message).set(failed(cause.clone())).prepared().execute(tx.conn).await?;
            // Of the many messages that meet the same silence one counts.
            let seen = webhooks::failures.eq(delivery.webhook.failures);
            diesel::update(webhooks::table.find(webhook).filter(seen))
                .set((
                    webhooks::failures.eq(webhooks::failures + 1),
                    webhooks::paused_until.eq(until.0),
                    webhooks::cause.eq(cause),
                ))
                .prepared()
                .execute(tx.conn)
                .await?;
            return Ok(());
        }
        Settled::Gone { cause } => {
            diesel::update(message).set(failed(cause.clone())).prepared().execute(tx.conn).await?;
            super::webhooks::disable(tx, delivery.webhook.id.clone(), cause, By::receiver(), now)
                .await?;
            return Ok(());
        }
    }
    if ours > 0 {
        let more: Option<i64> = waiting(webhook, &delivery.user)
            .select(max(deliveries::position))
            .get_result(tx.conn)
            .await?;
        if more.is_none() {
            diesel::delete(lane).execute(tx.conn).await?;
        }
    }
    Ok(())
}

/// A webhook that answers has no failures behind it.
async fn answers(tx: &mut Tx<'_>, webhook: &str) -> Result<(), StoreError> {
    let failed = webhooks::table.find(webhook).filter(webhooks::failures.gt(0));
    diesel::update(failed)
        .set((webhooks::failures.eq(0), webhooks::cause.eq(None::<String>)))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}
