//! Webhooks: where a tenant's changes are sent.

use super::super::RunQueryDsl;
use super::{Tx, audit};
use crate::model::{Act, By, Deed, Effect, Micros, TenantName, Webhook, WebhookId};
use crate::store::schema::{tenants, webhook_deliveries as deliveries, webhook_lanes, webhooks};
use crate::store::{ListedWebhook, StoreError};
use diesel::dsl::count_star;
use diesel::prelude::*;
use std::time::Duration;

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(super) struct WebhookRow {
    id: String,
    tenant: String,
    url: String,
    types: String,
    generation: i64,
    former_until: i64,
    created_at: i64,
    disabled_at: Option<i64>,
    cause: Option<String>,
    paused_until: i64,
    failures: i64,
}

/// The row's webhook; `None` where somebody else wrote it and it cannot be read.
pub(super) fn webhook(row: WebhookRow) -> Option<Webhook> {
    let types = row.types.split(',').filter(|kind| !kind.is_empty());
    Some(Webhook {
        id: row.id.parse().ok()?,
        tenant: row.tenant.parse().ok()?,
        url: row.url,
        types: types.map(str::to_owned).collect(),
        generation: row.generation,
        former_until: Micros(row.former_until),
        created_at: Micros(row.created_at),
        disabled_at: row.disabled_at.map(Micros),
        cause: row.cause,
        paused_until: Micros(row.paused_until),
        failures: row.failures,
    })
}

/// Keeps a webhook; whether its tenant is there.
pub(crate) async fn add(tx: &mut Tx<'_>, webhook: Webhook, by: By) -> Result<bool, StoreError> {
    let values = (
        webhooks::id.eq(webhook.id.as_str()),
        webhooks::tenant.eq(webhook.tenant.as_str()),
        webhooks::url.eq(webhook.url),
        webhooks::types.eq(webhook.types.join(",")),
        webhooks::generation.eq(webhook.generation),
        webhooks::former_until.eq(webhook.former_until.0),
        webhooks::created_at.eq(webhook.created_at.0),
        webhooks::paused_until.eq(webhook.paused_until.0),
        webhooks::failures.eq(webhook.failures),
    );
    diesel::insert_into(webhooks::table).values(values).execute(tx.conn).await?;
    let tenant: i64 = tenants::table
        .find(webhook.tenant.as_str())
        .select(count_star())
        .get_result(tx.conn)
        .await?;
    // The built-in accounts have a tenant without a row.
    tx.undone = tenant == 0 && webhook.tenant != TenantName::built_in();
    let tenant = Some(webhook.tenant.to_string());
    record(tx, webhook.id, tenant, Deed::WebhookCreated, by, webhook.created_at).await?;
    Ok(!tx.undone)
}

/// The webhook of this id.
pub(crate) async fn find(tx: &mut Tx<'_>, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row: Option<WebhookRow> = webhooks::table
        .find(id.as_str())
        .select(WebhookRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?;
    Ok(row.and_then(webhook))
}

/// All webhooks, or a tenant's, oldest first, each with how much waits for it.
pub(crate) async fn list(
    tx: &mut Tx<'_>,
    tenant: Option<TenantName>,
) -> Result<Vec<ListedWebhook>, StoreError> {
    let mut query = webhooks::table.select(WebhookRow::as_select()).into_boxed();
    if let Some(tenant) = &tenant {
        query = query.filter(webhooks::tenant.eq(tenant.as_str()));
    }
    let rows: Vec<WebhookRow> =
        query.order((webhooks::created_at, webhooks::id)).load(tx.conn).await?;
    let mut listed = Vec::with_capacity(rows.len());
    for webhook in rows.into_iter().filter_map(webhook) {
        let its = deliveries::table.filter(deliveries::webhook.eq(webhook.id.as_str()));
        let waiting = its.filter(deliveries::given_up_at.is_null());
        let waiting = waiting.select(count_star()).get_result(tx.conn).await?;
        let given_up = its.filter(deliveries::given_up_at.is_not_null());
        let given_up = given_up.select(count_star()).get_result(tx.conn).await?;
        listed.push(ListedWebhook { webhook, waiting, given_up });
    }
    Ok(listed)
}

/// Ends all sending to a webhook, and its queueing with it; whether there was anything to end.
pub(crate) async fn disable(
    tx: &mut Tx<'_>,
    id: WebhookId,
    cause: String,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    let enabled = webhooks::table.find(id.as_str()).filter(webhooks::disabled_at.is_null());
    let tenant = diesel::update(enabled)
        .set((webhooks::disabled_at.eq(now.0), webhooks::cause.eq(cause)))
        .returning(webhooks::tenant)
        .get_result(tx.conn)
        .await
        .optional()?;
    record(tx, id, tenant, Deed::WebhookDisabled, by, now).await
}

/// Has a webhook sent to, disabled or paused as it may be; whether it is there. What was put off
/// beyond `soon` is due then.
pub(crate) async fn enable(
    tx: &mut Tx<'_>,
    id: WebhookId,
    soon: Micros,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    let webhook = webhooks::table.find(id.as_str());
    let tenant = diesel::update(webhook)
        .set((webhooks::disabled_at.eq(None::<i64>), webhooks::cause.eq(None::<String>)))
        .returning(webhooks::tenant)
        .get_result(tx.conn)
        .await
        .optional()?;
    hurry(tx, id.as_str(), soon).await?;
    tx.effects.push(Effect::MessageQueued);
    record(tx, id, tenant, Deed::WebhookEnabled, by, now).await
}

/// Ends a webhook's pause, and those of its messages that last beyond `soon`. Leases, which end
/// before, are left alone.
pub(super) async fn hurry(tx: &mut Tx<'_>, id: &str, soon: Micros) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id))
        .set((webhooks::paused_until.eq(0), webhooks::failures.eq(0)))
        .execute(tx.conn)
        .await?;
    let later = webhook_lanes::webhook.eq(id).and(webhook_lanes::due_at.gt(soon.0));
    diesel::update(webhook_lanes::table.filter(later))
        .set(webhook_lanes::due_at.eq(soon.0))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Removes a webhook; whether it was there. What it was still to be sent, which may be much, goes
/// with the next prunings.
pub(crate) async fn remove(
    tx: &mut Tx<'_>,
    id: WebhookId,
    by: By,
    now: Micros,
) -> Result<bool, StoreError> {
    let tenant = diesel::delete(webhooks::table.find(id.as_str()))
        .returning(webhooks::tenant)
        .get_result(tx.conn)
        .await
        .optional()?;
    record(tx, id, tenant, Deed::WebhookDeleted, by, now).await
}

/// Gives a webhook its next secret; the one before it counts for `overlap`.
pub(crate) async fn rotate(
    tx: &mut Tx<'_>,
    id: WebhookId,
    overlap: Duration,
    by: By,
    now: Micros,
) -> Result<Option<Webhook>, StoreError> {
    let row: Option<WebhookRow> = diesel::update(webhooks::table.find(id.as_str()))
        .set((
            webhooks::generation.eq(webhooks::generation + 1),
            webhooks::former_until.eq(now.after(overlap).0),
        ))
        .returning(WebhookRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    let tenant = row.as_ref().map(|row| row.tenant.clone());
    record(tx, id, tenant, Deed::WebhookRotated, by, now).await?;
    Ok(row.and_then(webhook))
}

/// Writes down what was done to a webhook of `tenant`; whether there was one to do it to.
pub(super) async fn record(
    tx: &mut Tx<'_>,
    id: WebhookId,
    tenant: Option<String>,
    deed: Deed,
    by: By,
    at: Micros,
) -> Result<bool, StoreError> {
    let Some(tenant) = tenant.and_then(|tenant| tenant.parse().ok()) else { return Ok(false) };
    audit::record(tx, Act { by, deed, tenant, subject: Some(id.to_string()), at }).await?;
    Ok(true)
}
