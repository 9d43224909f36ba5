//! What the feed of a bench reads.

use afterclick::feed::{CaughtUp, History, HistoryUnavailable, Moment};
use afterclick::model::{Cursor, Ending, Micros, UserRef};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

/// A history of which each listener's first read is answered. The rest is for holes and other nodes:
/// there are none, and nobody looks for them.
pub struct FirstRead<R>(pub R);

pub type Answer<T> = BoxFuture<'static, Result<T, HistoryUnavailable>>;

impl<R> History for FirstRead<R>
where
    R: Fn(UserRef, Option<Cursor>) -> Answer<Option<CaughtUp>> + Send + Sync + 'static,
{
    fn catch_up(&self, user: UserRef, after: Option<Cursor>) -> Answer<Option<CaughtUp>> {
        (self.0)(user, after)
    }

    fn redraw_epoch(&self, _: UserRef, _: Cursor) -> Answer<()> {
        ready(Err(HistoryUnavailable)).boxed()
    }

    fn changed_since(&self, _: Micros, _: usize) -> Answer<Vec<(UserRef, Cursor)>> {
        ready(Err(HistoryUnavailable)).boxed()
    }

    fn endings_since(&self, _: Micros, _: usize) -> Answer<Vec<Ending>> {
        ready(Err(HistoryUnavailable)).boxed()
    }

    fn moment(&self) -> Answer<Moment> {
        ready(Err(HistoryUnavailable)).boxed()
    }
}
