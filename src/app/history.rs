use crate::feed::{CaughtUp, History, HistoryUnavailable, Moment};
use crate::model::{Cursor, Ending, Micros, UserRef};
use crate::store::{Store, StoreError};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};

/// What the feed reads, from the database.
pub(super) struct StoredHistory(pub(super) Store);

type Answer<T> = BoxFuture<'static, Result<T, HistoryUnavailable>>;

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Why is for the log; the feed only has to know that it must ask again.
fn unavailable(error: &StoreError) -> HistoryUnavailable {
    tracing::debug!(error = ?error, "the history could not be read");
    HistoryUnavailable
}

impl History for StoredHistory {
    fn catch_up(&self, user: UserRef, after: Option<Cursor>) -> Answer<Option<CaughtUp>> {
        let store = self.0.clone();
        async move {
            let since = store.since(user, after).await.map_err(|error| unavailable(&error))?;
            Ok(since.map(|since| CaughtUp { user: since.user, missed: since.changes }))
        }
        .boxed()
    }

    fn redraw_epoch(&self, user: UserRef, ahead: Cursor) -> Answer<()> {
        let store = self.0.clone();
        async move { store.redraw_epoch(user, ahead).map_err(|error| unavailable(&error)).await }
            .boxed()
    }

    fn is_told(&self) -> bool {
        self.0.is_told()
    }

    fn moment(&self) -> Answer<Moment> {
        let store = self.0.clone();
        async move {
            let moment = store.moment().await.map_err(|error| unavailable(&error))?;
            Ok(Moment { now: moment.now, epoch: moment.epoch })
        }
        .boxed()
    }

    fn changed_since(&self, since: Micros, limit: usize) -> Answer<Vec<(UserRef, Cursor)>> {
        let (store, limit) = (self.0.clone(), rows(limit));
        async move { store.changed_since(since, limit).map_err(|error| unavailable(&error)).await }
            .boxed()
    }

    fn endings_since(&self, since: Micros, limit: usize) -> Answer<Vec<Ending>> {
        let (store, limit) = (self.0.clone(), rows(limit));
        async move { store.endings_since(since, limit).map_err(|error| unavailable(&error)).await }
            .boxed()
    }
}
