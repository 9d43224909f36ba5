//! Subscribe, read, wait: what a stream and a poll share.

mod item;
mod read;
mod seat;
mod take;

pub use item::{Item, TooManyPolls};
pub(super) use seat::Seat;

use super::hub::{End, News, Transport, follows};
use super::{Feed, Frame, HistoryUnavailable, Reason};
use crate::bugs::{Bug, seeded};
use crate::model::{Change, Cursor, Version};
use futures_util::future::BoxFuture;
use read::{Answer, Why, read};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::vec;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Makes a user who is not there.
pub type Welcome = BoxFuture<'static, Result<(), HistoryUnavailable>>;

/// One listener and how far it has come.
///
/// The hub is joined before the row is read, so a change that lands in between is met twice and
/// shown once; in the other order it could be missed for good. Whatever the hub, the log, and the
/// row say in whatever order, what is shown never goes back within an epoch, and ends at the newest.
///
/// Dropping it gives the place back at once.
pub struct Subscription {
    seat: Seat,
    feed: Arc<Feed>,
    receiver: Receiver<News>,
    resume: Option<Cursor>,
    /// What the listener has; `None` until the row was read.
    mine: Option<Cursor>,
    reading: Option<BoxFuture<'static, Answer>>,
    welcome: Option<Welcome>,
    missed: vec::IntoIter<Change>,
    told_to_drain: bool,
    /// The newest broadcast version that the row was read again for, so that a database which is
    /// behind its own log (it must not be) is not asked in a circle.
    chased: Version,
}

impl Subscription {
    pub(super) fn new(
        feed: Arc<Feed>,
        seat: Seat,
        receiver: Receiver<News>,
        resume: Option<Cursor>,
    ) -> Self {
        Self {
            seat,
            feed,
            receiver,
            resume,
            mine: None,
            reading: None,
            welcome: None,
            missed: Vec::new().into_iter(),
            told_to_drain: false,
            chased: Version::default(),
        }
    }

    /// Has the user made where the first read does not find it. Where that cannot be done, the database
    /// counts as unavailable.
    #[must_use = "it is the subscription"]
    pub fn or_welcome(mut self, welcome: Option<Welcome>) -> Self {
        self.welcome = welcome;
        self
    }

    /// Waits for the next item. Nothing is lost where the future is dropped.
    pub async fn next(&mut self) -> Item {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// [`Self::next`] for those who poll by themselves; wakes the last who asked.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Item> {
        self.seat.member().listen(context.waker());
        loop {
            if let Some(end) = self.ended() {
                return Poll::Ready(Item::Ended(end));
            }
            if let Some(change) = self.missed.next() {
                self.mine = Some(change.cursor);
                return Poll::Ready(Item::Change(Arc::new(Frame::replayed(change))));
            }
            if let Some(reading) = &mut self.reading {
                let answer = ready!(reading.as_mut().poll(context));
                self.reading = None;
                if let Some(item) = self.take(answer) {
                    return Poll::Ready(item);
                }
                continue;
            }
            let Some(mine) = self.mine else {
                if let Some(item) = self.known() {
                    self.welcome = None;
                    return Poll::Ready(item);
                }
                self.read(Why::First { resume: self.resume });
                continue;
            };
            if !self.told_to_drain
                && let Some(over) = self.feed.draining()
            {
                self.told_to_drain = true;
                return Poll::Ready(Item::Draining(over));
            }
            match self.hear(mine) {
                Step::Show(item) => return Poll::Ready(item),
                Step::Read(why) => self.read(why),
                Step::Wait => return Poll::Pending,
            }
        }
    }

    /// Whether the listener must go, without waiting.
    pub fn ended(&self) -> Option<End> {
        self.seat.member().ended()
    }

    /// The newest version that the node has heard of in the history the listener is in; `None`
    /// before the first item.
    pub fn newest(&self) -> Option<Cursor> {
        self.mine.map(|mine| self.seat.channel().newest(mine))
    }

    /// What the listener has; `None` before the first item.
    pub fn cursor(&self) -> Option<Cursor> {
        self.mine
    }

    /// Counts this poll as a waiting one.
    ///
    /// # Errors
    ///
    /// [`TooManyPolls`] where the user has as many as it may.
    pub fn park(&mut self) -> Result<(), TooManyPolls> {
        let most = self.feed.limits(&self.seat.channel().user.tenant).polls_per_user;
        if self.seat.park(most) { Ok(()) } else { Err(TooManyPolls) }
    }

    /// Counts a change that is written to the listener.
    pub fn delivered(&self, frame: &Frame) {
        let hub = self.seat.channel().hub();
        hub.meters.delivered(self.seat.member().transport, frame);
    }

    /// The feed that was joined.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Leaves, and tells the log why. Just dropping it says that the listener went away.
    pub fn leave(mut self, why: &'static str) {
        self.seat.gone(why);
    }

    /// Whether what is known is kept for the next poll: where nothing can change unheard.
    fn leaves_a_trace(&self) -> bool {
        self.seat.member().transport == Transport::Poll && self.feed.is_alone()
    }

    fn read(&mut self, why: Why) {
        let (feed, user) = (self.feed.clone(), self.seat.channel().user.clone());
        self.reading = Some(read(feed, user, why, self.welcome.take()));
    }

    /// Looks at what was broadcast.
    fn hear(&mut self, mine: Cursor) -> Step {
        loop {
            let cursor = match self.receiver.try_recv() {
                Ok(News::Change(frame))
                    if follows(frame.cursor(), mine) || seeded(Bug::GoesBack) =>
                {
                    self.mine = Some(frame.cursor());
                    return Step::Show(Item::Change(frame));
                }
                Ok(News::State(user)) if user.cursor.is_ahead_of(&mine) => {
                    return Step::Show(self.snapshot(Reason::Gap, user));
                }
                Ok(News::Change(frame)) => frame.cursor(),
                Ok(News::State(user)) => user.cursor,
                Err(TryRecvError::Lagged(_)) if seeded(Bug::LagsSilently) => {
                    self.mine = Some(self.seat.channel().newest(mine));
                    continue;
                }
                Err(TryRecvError::Lagged(_)) => return Step::Read(self.lagged(mine)),
                Err(TryRecvError::Closed) => return Step::Wait,
                Err(TryRecvError::Empty) if seeded(Bug::SubscribesLate) => return Step::Wait,
                Err(TryRecvError::Empty) => {
                    match self.seat.channel().passed_by(mine, &self.receiver) {
                        Some(sent) if sent.version > self.chased => {
                            self.chased = sent.version;
                            return Step::Read(Why::Hole { after: mine });
                        }
                        _ if self.receiver.is_empty() => return Step::Wait,
                        // Something came between the two looks.
                        _ => continue,
                    }
                }
            };
            // Older than what the listener has: met twice, dropped once. Another epoch may be an
            // older or a newer one, and only the row can tell.
            if cursor.epoch != mine.epoch || cursor.is_ahead_of(&mine) {
                return Step::Read(Why::Hole { after: mine });
            }
        }
    }

    /// A stream is told of a lag by a snapshot; a poll answers with the changes where it can.
    fn lagged(&self, mine: Cursor) -> Why {
        match self.seat.member().transport {
            Transport::Stream => Why::Lag,
            Transport::Poll => Why::Hole { after: mine },
        }
    }
}

/// Its place is given back after this.
impl Drop for Subscription {
    fn drop(&mut self) {
        if self.leaves_a_trace() {
            self.feed.lingering.keep(self.seat.channel());
        }
    }
}

enum Step {
    Show(Item),
    Read(Why),
    Wait,
}
