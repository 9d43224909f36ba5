//! What an application's backend says of a user.

use super::super::RunQueryDsl;
use super::super::{ONE_WRITER, RETURNS};
use super::Tx;
use super::idempotency::{self, Claimed};
use super::prepared::Prepare;
use super::shown::{self, ShownRow};
use super::users;
use crate::bugs::version_step;
use crate::model::{ChangeType, Document, DocumentTooLarge, Micros};
use crate::store::schema::users as table;
use crate::store::{NewEvent, Published, StoreError};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Records each of several changes, whatever comes of the others, in the order given.
///
/// Where others write too, all keys are held first, and then all users, in the order of their names,
/// whoever asks: so two that publish together never wait for each other.
pub(crate) async fn publish_all(
    tx: &mut Tx<'_>,
    events: Vec<NewEvent>,
    now: Micros,
) -> Result<Vec<Published>, StoreError> {
    if !ONE_WRITER && events.len() > 1 {
        let keyed = events.iter().filter_map(|event| Some((&event.once.as_ref()?.key, event)));
        for event in keyed.collect::<BTreeMap<_, _>>().into_values() {
            let Some(once) = &event.once else { continue };
            idempotency::hold(tx, &event.user, once, now).await?;
        }
        for user in events.iter().map(|event| &event.user).collect::<BTreeSet<_>>() {
            users::hold(tx, user).await?;
        }
    }
    let mut outcomes = Vec::with_capacity(events.len());
    for event in events {
        outcomes.push(publish(tx, event, now).await?);
    }
    Ok(outcomes)
}

/// Records a change of a user, once; `kyc.updated` and `user.updated` merge `data` into the document.
pub(crate) async fn publish(
    tx: &mut Tx<'_>,
    event: NewEvent,
    now: Micros,
) -> Result<Published, StoreError> {
    let Some(once) = &event.once else { return record(tx, &event, now).await };
    match idempotency::claim(tx, &event.user, once, now).await? {
        Claimed::Fresh => {}
        Claimed::Again(change) => return Ok(Published::Done(change)),
        Claimed::Mismatch => return Ok(Published::Mismatch),
    }
    let outcome = record(tx, &event, now).await?;
    match &outcome {
        Published::Done(change) => {
            idempotency::keep(tx, &event.user, once, change, now).await?;
        }
        _ => idempotency::let_go(tx, &event.user, once).await?,
    }
    Ok(outcome)
}

/// The documents after a merge; `None` stays as it is.
#[derive(Default, AsChangeset)]
#[diesel(table_name = table)]
struct Merged {
    kyc: Option<String>,
    attributes: Option<String>,
}

/// Nothing is written where nothing can be recorded: others' changes are in the same transaction.
async fn record(tx: &mut Tx<'_>, event: &NewEvent, now: Micros) -> Result<Published, StoreError> {
    let mut merged = Merged::default();
    let (kyc, attributes) = (ChangeType::kyc_updated(), ChangeType::user_updated());
    if event.kind == kyc || event.kind == attributes {
        // Held, so that what is merged into is the latest.
        let Some(row) = users::hold(tx, &event.user).await? else {
            return Ok(Published::UnknownUser);
        };
        let (before, after) = if event.kind == kyc {
            (&row.kyc, &mut merged.kyc)
        } else {
            (&row.attributes, &mut merged.attributes)
        };
        match Document::stored(before).merged(&event.data) {
            Ok(document) => *after = Some(document.as_str().to_owned()),
            Err(DocumentTooLarge) => return Ok(Published::TooLarge),
        }
    }
    let user = table::table.find((event.user.tenant.as_str(), event.user.id.as_str()));
    let update = diesel::update(user).set((
        table::version.eq(table::version + version_step()),
        table::updated_at.eq(now.0),
        merged,
    ));
    let row: Option<ShownRow> = if RETURNS {
        let update = update.returning(ShownRow::as_returning()).prepared();
        update.get_result(tx.conn).await.optional()?
    } else {
        update.prepared().execute(tx.conn).await?;
        shown::find(tx, &event.user).await?
    };
    let Some(row) = row else { return Ok(Published::UnknownUser) };
    let (owner, user) = (event.user.clone(), row.document(&tx.epoch));
    let (kind, data) = (event.kind.clone(), event.data.clone());
    Ok(Published::Done(Box::new(users::record_shown(tx, owner, user, kind, data).await?)))
}
