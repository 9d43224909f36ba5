use crate::accounts::{LINK_TTL, RESET_TTL};
use crate::mail::{Claimed, Letter, LetterKind, Outbox, OutboxUnavailable};
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
    fn claim(&self, now: Micros, lease: Duration, limit: usize) -> Answer<Claimed> {
        let store = self.0.clone();
        async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let claimed = store
                .claim_letters(now, lease, limit)
                .await
                .map_err(|error| unavailable(&error))?;
            let letters = claimed.letters.into_iter().filter_map(letter).collect();
            Ok(Claimed { letters, more: claimed.more })
        }
        .boxed()
    }

    fn sent(&self, id: Uuid) -> Answer<()> {
        let store = self.0.clone();
        async move { store.remove_letter(id).await.map_err(|error| unavailable(&error)) }.boxed()
    }

    fn put_off(&self, id: Uuid, until: Micros, cause: String) -> Answer<()> {
        let store = self.0.clone();
        async move {
            store.put_off_letter(id, until, cause).await.map_err(|error| unavailable(&error))
        }
        .boxed()
    }

    fn give_up(&self, id: Uuid, cause: String, now: Micros) -> Answer<()> {
        let store = self.0.clone();
        async move { store.give_up_letter(id, cause, now).await.map_err(|error| unavailable(&error)) }
            .boxed()
    }
}

/// A letter of a kind that this version knows; a newer node's stays for that node.
fn letter(queued: QueuedLetter) -> Option<Letter> {
    let kind = LetterKind::named(&queued.kind)?;
    let life = match kind {
        LetterKind::Verify => Some(LINK_TTL),
        LetterKind::PasswordReset => Some(RESET_TTL),
        LetterKind::AddressTaken | LetterKind::PasswordChanged | LetterKind::AccountDeleted => None,
    };
    Some(Letter {
        id: queued.id,
        kind,
        tenant: queued.tenant,
        to: queued.to,
        token_id: queued.token_id,
        languages: queued.languages,
        made_at: queued.made_at,
        expires_at: life.map(|life| queued.made_at.after(life)),
        attempts: i32::try_from(queued.attempts).unwrap_or(i32::MAX),
    })
}
