use crate::accounts::LINK_TTL;
use crate::mail::{Letter, LetterKind, Outbox, OutboxUnavailable};
use crate::model::Micros;
use crate::store::{QueuedLetter, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::time::Duration;
use uuid::Uuid;

/// The queue of letters, in the database.
pub(super) struct StoredOutbox(pub(super) Store);

type Answer<T> = BoxFuture<'static, Result<T, OutboxUnavailable>>;

fn unavailable(error: &StoreError) -> OutboxUnavailable {
    tracing::debug!(error = ?error, "the queue of letters could not be reached");
    OutboxUnavailable
}

impl Outbox for StoredOutbox {
    fn claim(&self, now: Micros, lease: Duration, limit: usize) -> Answer<Vec<Letter>> {
        let store = self.0.clone();
        async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let letters = store
                .claim_letters(now, lease, limit)
                .await
                .map_err(|error| unavailable(&error))?;
            Ok(letters.into_iter().filter_map(letter).collect())
        }
        .boxed()
    }

    fn sent(&self, id: Uuid) -> Answer<()> {
        let store = self.0.clone();
        async move { store.remove_letter(id).await.map_err(|error| unavailable(&error)) }.boxed()
    }

    fn put_off(&self, id: Uuid, until: Micros) -> Answer<()> {
        let store = self.0.clone();
        async move { store.put_off_letter(id, until).await.map_err(|error| unavailable(&error)) }
            .boxed()
    }

    fn give_up(&self, id: Uuid) -> Answer<()> {
        self.sent(id)
    }
}

/// A letter of a kind that this version knows; a newer node's stays for that node.
fn letter(queued: QueuedLetter) -> Option<Letter> {
    let kind = match queued.kind.as_str() {
        "verify" => LetterKind::Verify,
        "address_taken" => LetterKind::AddressTaken,
        _ => return None,
    };
    Some(Letter {
        id: queued.id,
        kind,
        tenant: queued.tenant,
        to: queued.to,
        verification: queued.verification,
        made_at: queued.made_at,
        expires_at: queued.verification.map(|_| queued.made_at.after(LINK_TTL)),
        attempts: i32::try_from(queued.attempts).unwrap_or(i32::MAX),
    })
}
