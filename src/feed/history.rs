use crate::model::{Change, Cursor, Ending, Micros, User, UserRef};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The log cannot be read now; what was asked may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the history of changes cannot be read now")]
pub struct HistoryUnavailable;

/// A user's present state, and what a holder of an older one missed.
#[derive(Debug, Clone)]
pub struct CaughtUp {
    /// The present document.
    pub user: User,
    /// The changes after the cursor asked about, oldest first and without a hole up to `user`.
    /// Empty where that cursor is the present one. `None` where there was no cursor, it is of
    /// another epoch or ahead, the log no longer reaches back to it, or they are more than 100
    /// changes or 256 KiB.
    pub missed: Option<Vec<Change>>,
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its clock, where it has one of its own.
    pub now: Option<Micros>,
    /// The history it is on: another one after a failover, which may have lost changes.
    pub epoch: Arc<str>,
}

/// What the feed reads: the database's record of states, changes, and endings.
///
/// Every answer is of one moment: `missed` ends at `user.cursor`. Reads see every change whose
/// `Feed::changed` has been called.
pub trait History: Send + Sync + 'static {
    /// The user's state now and what it missed since `after`; `None` where there is no such user.
    fn catch_up(
        &self,
        user: UserRef,
        after: Option<Cursor>,
    ) -> BoxFuture<'static, Result<Option<CaughtUp>, HistoryUnavailable>>;

    /// Gives the user another epoch, because somebody holds a cursor ahead of its row (a backup was
    /// restored): versions it will reach again must not be taken for the ones already seen. Does
    /// nothing where `ahead` is no longer ahead in the row's present epoch.
    fn redraw_epoch(
        &self,
        user: UserRef,
        ahead: Cursor,
    ) -> BoxFuture<'static, Result<(), HistoryUnavailable>>;

    /// Whether every change that can be read by now has been told to `Feed::changed`, so that what the
    /// feed knows is what a read would say. Asked before what is known is looked at.
    fn is_told(&self) -> bool {
        false
    }

    /// What time the database has, and which history it is on.
    fn moment(&self) -> BoxFuture<'static, Result<Moment, HistoryUnavailable>>;

    /// Who changed at or after `since`, each with its present cursor; `limit` of them at most.
    fn changed_since(
        &self,
        since: Micros,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<(UserRef, Cursor)>, HistoryUnavailable>>;

    /// The first `limit` things that ended at or after `since`, oldest first.
    fn endings_since(
        &self,
        since: Micros,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Ending>, HistoryUnavailable>>;
}
