use super::Welcome;
use crate::bugs::{Bug, seeded};
use crate::feed::catch_up::insist;
use crate::feed::{CaughtUp, Feed, HistoryUnavailable};
use crate::model::{Cursor, UserRef};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// Makes the gap wider that a seeded bug opens, so that a short run meets it.
const WIDER: Duration = Duration::from_millis(60);

/// Why the row is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    /// To begin.
    First { resume: Option<Cursor> },
    /// The reader was too slow for the broadcast.
    Lag,
    /// Something between this version and the next was not broadcast to this reader.
    Hole { after: Cursor },
}

pub(super) struct Answer {
    pub why: Why,
    /// What was read; `None` where there is no such user.
    pub read: Result<Option<CaughtUp>, HistoryUnavailable>,
}

/// Reads the row. The first read is tried once, because its reader can be told to come again; a
/// later one until it works, because a stream that is open stays open.
pub(super) fn read(
    feed: Arc<Feed>,
    user: UserRef,
    why: Why,
    welcome: Option<Welcome>,
) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        if seeded(Bug::GoesBack) {
            tokio::time::sleep(WIDER).await;
        }
        let read = match why {
            Why::First { resume } => feed.outage.note(first(&feed, user, resume, welcome).await),
            Why::Lag => Ok(insist(&feed, || feed.history.catch_up(user.clone(), None)).await),
            Why::Hole { after } => {
                Ok(insist(&feed, || feed.history.catch_up(user.clone(), Some(after))).await)
            }
        };
        if seeded(Bug::SubscribesLate) {
            tokio::time::sleep(WIDER).await;
        }
        Answer { why, read }
    })
}

/// A reader that is ahead of the row has seen versions that are gone (a backup was restored). The row
/// gets another epoch before it reaches them again, and is read anew: its version may have grown
/// past the reader's meanwhile, and then nothing was drawn.
async fn first(
    feed: &Feed,
    user: UserRef,
    resume: Option<Cursor>,
    welcome: Option<Welcome>,
) -> Result<Option<CaughtUp>, HistoryUnavailable> {
    let mut read = feed.history.catch_up(user.clone(), resume).await?;
    if let Some(welcome) = welcome.filter(|_| read.is_none()) {
        welcome.await?;
        read = feed.history.catch_up(user.clone(), resume).await?;
    }
    let row = read.as_ref().map(|caught_up| caught_up.user.cursor);
    match (resume, row) {
        (Some(ahead), Some(row)) if ahead.is_ahead_of(&row) => {
            feed.history.redraw_epoch(user.clone(), ahead).await?;
            feed.history.catch_up(user, resume).await
        }
        _ => Ok(read),
    }
}
