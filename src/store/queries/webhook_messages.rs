//! What operators see of messages to webhooks, and may have sent again.

use super::super::RunQueryDsl;
use super::Tx;
use super::deliveries::join;
use super::webhooks::{hurry, record};
use crate::model::{By, Deed, Effect, MessageId, Micros, TenantName};
use crate::store::schema::{webhook_deliveries as deliveries, webhook_lanes as lanes, webhooks};
use crate::store::{DeadMessage, Queue, StoreError, Which};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// How many rows of a kind one step removes.
const STEP: i64 = 200;

/// A little more than a message is tried for: the last try comes before this does.
const TRIED: Duration = Duration::from_hours(3 * 24 + 2);

/// How long an operator can see, and have sent, a message that was given up.
const GIVEN_UP: Duration = Duration::from_hours(14 * 24);

/// A message's columns, in the order of [`DeadMessage`].
type DeadRow = (Vec<u8>, String, String, String, i64, i64, Option<String>);

/// The messages that were given up, oldest first, `limit` at most.
pub(crate) async fn dead(
    tx: &mut Tx<'_>,
    tenant: Option<TenantName>,
    limit: i64,
) -> Result<Vec<DeadMessage>, StoreError> {
    let mut query = deliveries::table
        .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook)))
        .filter(deliveries::given_up_at.is_not_null())
        .into_boxed();
    if let Some(tenant) = &tenant {
        query = query.filter(webhooks::tenant.eq(tenant.as_str()));
    }
    let rows: Vec<DeadRow> = query
        .select((
            deliveries::id,
            deliveries::webhook,
            deliveries::user_id,
            deliveries::kind,
            deliveries::made_at,
            deliveries::attempts,
            deliveries::cause,
        ))
        .order((deliveries::made_at, deliveries::position))
        .limit(limit)
        .load(tx.conn)
        .await?;
    let message = |(id, webhook, user, kind, made_at, attempts, cause): DeadRow| {
        Some(DeadMessage {
            id: MessageId(Uuid::from_slice(&id).ok()?),
            webhook: webhook.parse().ok()?,
            user,
            kind,
            made_at: Micros(made_at),
            attempts,
            cause: cause.unwrap_or_default(),
        })
    };
    Ok(rows.into_iter().filter_map(message).collect())
}

/// Has given-up messages sent, in their old order and before whatever waits; how many.
///
/// Each is tried for as long as a new one, beginning now; a webhook's pause ends, and what was put
/// off beyond `lease` is due then.
pub(crate) async fn replay(
    tx: &mut Tx<'_>,
    which: Which,
    lease: Duration,
    by: By,
    now: Micros,
) -> Result<usize, StoreError> {
    let mut query = deliveries::table
        .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook)))
        .filter(deliveries::given_up_at.is_not_null())
        .select((deliveries::id, deliveries::webhook, deliveries::user_id, webhooks::tenant))
        .into_boxed();
    query = match which {
        Which::One(id) => query.filter(deliveries::id.eq(id.0.as_bytes().to_vec())),
        Which::Since(since) => query.filter(deliveries::made_at.ge(since.0)),
    };
    let rows: Vec<(Vec<u8>, String, String, String)> = query.load(tx.conn).await?;
    for (id, webhook, user, _) in &rows {
        join(tx, webhook, user, now).await?;
        let again = (
            deliveries::given_up_at.eq(None::<i64>),
            deliveries::attempts.eq(0),
            deliveries::made_at.eq(now.0),
        );
        diesel::update(deliveries::table.find(id)).set(again).execute(tx.conn).await?;
    }
    // Whoever asks for this has seen to it that they answer.
    let webhooks: BTreeMap<&String, &String> =
        rows.iter().map(|(_, webhook, _, tenant)| (webhook, tenant)).collect();
    for (webhook, tenant) in webhooks {
        hurry(tx, webhook, now.after(lease)).await?;
        if let Ok(id) = webhook.parse() {
            record(tx, id, Some(tenant.clone()), Deed::WebhookReplayed, by.clone(), now).await?;
        }
        tx.effects.push(Effect::MessageQueued);
    }
    Ok(rows.len())
}

/// How the queue of messages stands; what waits for a disabled webhook is not counted.
pub(crate) async fn standing(tx: &mut Tx<'_>) -> Result<Queue, StoreError> {
    let enabled = webhooks::table.filter(webhooks::disabled_at.is_null()).select(webhooks::id);
    let (waiting, oldest): (i64, Option<i64>) = deliveries::table
        .filter(deliveries::given_up_at.is_null().and(deliveries::webhook.eq_any(enabled)))
        .select((count_star(), min(deliveries::made_at)))
        .get_result(tx.conn)
        .await?;
    let given_up: i64 = deliveries::table
        .filter(deliveries::given_up_at.is_not_null())
        .select(count_star())
        .get_result(tx.conn)
        .await?;
    Ok(Queue { waiting, oldest: oldest.map(Micros), given_up })
}

/// Gives up what has waited longer than anything is tried for, because its webhook never answered
/// or is disabled, and removes what was given up long ago; how many at most of a kind.
pub(crate) async fn prune(tx: &mut Tx<'_>, now: Micros) -> Result<usize, StoreError> {
    let waiting = deliveries::given_up_at.is_null();
    let late: Vec<Vec<u8>> = deliveries::table
        .filter(waiting.and(deliveries::made_at.lt(now.before(TRIED).0)))
        .select(deliveries::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    let late_ones = late.len();
    diesel::update(deliveries::table.filter(deliveries::id.eq_any(late)))
        .set(deliveries::given_up_at.eq(now.0))
        .execute(tx.conn)
        .await?;
    let old: Vec<Vec<u8>> = deliveries::table
        .filter(deliveries::given_up_at.lt(now.before(GIVEN_UP).0))
        .select(deliveries::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    let old_ones = old.len();
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(old))).execute(tx.conn).await?;
    Ok(late_ones.max(old_ones).max(orphans(tx).await?))
}

/// Removes what there is of webhooks that went; how many at most of a kind.
async fn orphans(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let there = webhooks::table.select(webhooks::id);
    let messages: Vec<Vec<u8>> = deliveries::table
        .filter(deliveries::webhook.ne_all(there))
        .select(deliveries::id)
        .limit(STEP)
        .load(tx.conn)
        .await?;
    let most = messages.len();
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(messages)))
        .execute(tx.conn)
        .await?;
    let empty: Vec<(String, String)> = lanes::table
        .filter(lanes::webhook.ne_all(there))
        .select((lanes::webhook, lanes::user_id))
        .limit(STEP)
        .load(tx.conn)
        .await?;
    for lane in &empty {
        diesel::delete(lanes::table.find((&lane.0, &lane.1))).execute(tx.conn).await?;
    }
    Ok(most.max(empty.len()))
}
