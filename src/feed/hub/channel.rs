use super::{End, Hub, Member, Transport};
use crate::feed::{CaughtUp, Frame};
use crate::model::{Change, Cursor, EndingCode, User, UserRef};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// How many changes a reader may be behind before it is brought to the present by a snapshot.
const SLOTS: usize = 16;

/// What is broadcast to a user's members.
#[derive(Debug, Clone)]
pub(in crate::feed) enum News {
    Change(Arc<Frame>),
    /// The changes up to this state cannot be had one by one.
    State(Arc<User>),
}

/// One user with somebody listening.
///
/// Broadcasts each version once and in order. Where that cannot be kept up from what is published
/// (a hole, another epoch, a hint from another node), the log is read once for all members.
pub(in crate::feed) struct Channel {
    pub user: UserRef,
    hub: Arc<Hub>,
    news: broadcast::Sender<News>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest version that was broadcast, or that a member has read; `None` until the first.
    sent: Option<Cursor>,
    /// The newest version that was heard of.
    heard: Option<Cursor>,
    reading: Reading,
    /// In the order of their opening. Copied on change, so that they are woken without the lock.
    members: Arc<Vec<Arc<Member>>>,
}

/// Where the user is in the queue of those whose log must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reading {
    #[default]
    Idle,
    Queued,
    UnderWay,
    /// Something more was heard of while the log was being read.
    Again,
}

impl Channel {
    pub fn new(user: UserRef, hub: Arc<Hub>) -> Arc<Self> {
        let news = broadcast::Sender::new(SLOTS);
        Arc::new(Self { user, hub, news, state: Mutex::default() })
    }

    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Lets a member in. Its receiver hears everything that is broadcast from now on.
    pub fn enter(&self, member: Arc<Member>, most: usize) -> broadcast::Receiver<News> {
        let mut state = self.lock();
        let mut surplus = Vec::new();
        if member.transport == Transport::Stream {
            let streams = || state.members.iter().filter(|other| other.is_live_stream());
            let excess = (streams().count() + 1).saturating_sub(most);
            surplus.extend(streams().take(excess).cloned());
        }
        Arc::make_mut(&mut state.members).push(member);
        let receiver = self.news.subscribe();
        drop(state);
        surplus.iter().for_each(|oldest| oldest.end(End::TooManyStreams));
        receiver
    }

    pub fn leave(&self, member: &Arc<Member>) {
        let mut state = self.lock();
        Arc::make_mut(&mut state.members).retain(|other| !Arc::ptr_eq(other, member));
    }

    /// Counts a member as parked, unless `most` are already.
    pub fn park(&self, member: &Member, most: usize) -> bool {
        let state = self.lock();
        let parked = state.members.iter().filter(|other| other.is_parked()).count();
        if parked < most {
            member.park();
        }
        parked < most
    }

    pub fn members(&self) -> Arc<Vec<Arc<Member>>> {
        self.lock().members.clone()
    }

    /// Takes a published change: broadcasts the next version, drops an old one, and has the log read
    /// for anything else.
    pub fn offer(self: &Arc<Self>, change: Change) {
        let cursor = change.cursor;
        let mut state = self.lock();
        let next = state.sent.is_none_or(|sent| follows(cursor, sent));
        let old = state.sent.is_some_and(|sent| is_covered(cursor, sent));
        if next {
            self.send(&mut state, change);
            self.release(state);
        } else if !old {
            state.hear(cursor);
            self.queue(&mut state);
        }
    }

    /// Takes a hint that the user is at `cursor`.
    pub fn hint(self: &Arc<Self>, cursor: Cursor) {
        let mut state = self.lock();
        if state.sent.is_some_and(|sent| is_covered(cursor, sent)) {
            return;
        }
        state.hear(cursor);
        // Before the first read there is nothing to compare with: `saw` will.
        if state.sent.is_some() {
            self.queue(&mut state);
        }
    }

    /// Takes note of what a member read from the row. Where that is news here, a publication is on
    /// its way or was lost; the log tells the other members.
    pub fn saw(self: &Arc<Self>, cursor: Cursor) {
        let mut state = self.lock();
        match state.sent {
            None => state.sent = Some(cursor),
            Some(sent) if is_covered(cursor, sent) => {}
            Some(_) => self.queue(&mut state),
        }
        match state.heard {
            Some(heard) if !is_covered(heard, cursor) => self.queue(&mut state),
            _ => state.hear(cursor),
        }
    }

    /// Has the log read, unless nobody has read anything yet.
    pub fn doubt(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.sent.is_some() {
            self.queue(&mut state);
        }
    }

    /// The newest version of `mine`'s history that the node has heard of, or `mine` itself.
    pub fn newest(&self, mine: Cursor) -> Cursor {
        self.lock().heard.filter(|heard| heard.is_ahead_of(&mine)).unwrap_or(mine)
    }

    /// What was broadcast beyond `mine` although `receiver` holds nothing: the reader entered or
    /// read too late for it, and must read again before it may wait.
    pub fn passed_by(&self, mine: Cursor, receiver: &broadcast::Receiver<News>) -> Option<Cursor> {
        let state = self.lock();
        state.sent.filter(|sent| sent.is_ahead_of(&mine) && receiver.is_empty())
    }

    /// Begins to read the log: from where, or `None` where the row alone is wanted.
    pub fn begin_catch_up(&self) -> Option<Cursor> {
        let mut state = self.lock();
        state.reading = Reading::UnderWay;
        state.sent
    }

    /// Broadcasts what the log held. `None`: there is no such user any more.
    pub fn finish_catch_up(self: &Arc<Self>, caught_up: Option<CaughtUp>) {
        let mut state = self.lock();
        let Some(CaughtUp { user, missed }) = caught_up else {
            state.reading = Reading::Idle;
            let members = state.members.clone();
            drop(state);
            members.iter().for_each(|member| member.end(End::Of(EndingCode::UserDeleted)));
            return;
        };
        for change in missed.into_iter().flatten() {
            if state.sent.is_some_and(|sent| follows(change.cursor, sent)) {
                self.send(&mut state, change);
            }
        }
        if state.sent.is_none_or(|sent| !is_covered(user.cursor, sent)) {
            state.sent = Some(user.cursor);
            state.hear(user.cursor);
            // Fails where nobody receives any more, which is fine.
            let _ = self.news.send(News::State(Arc::new(user)));
        }
        if state.reading == Reading::Again {
            state.reading = Reading::Idle;
            self.queue(&mut state);
        } else {
            state.reading = Reading::Idle;
            // A hint beyond the truth (forged, or of a failed-over database) is forgotten.
            state.heard = state.sent;
        }
        self.release(state);
    }

    fn send(&self, state: &mut State, change: Change) {
        state.sent = Some(change.cursor);
        state.hear(change.cursor);
        let streams = state.members.iter().filter(|member| member.is_live_stream()).count();
        tracing::info!(user.id = %self.user.id, tenant = %self.user.tenant,
            change.type = change.kind.as_str(), change.cursor = %change.cursor, streams,
            polls = state.members.len() - streams,
            "change sent to {streams} streams");
        let _ = self.news.send(News::Change(Arc::new(Frame::live(change))));
    }

    /// Wakes the members with the lock released: a waker may run foreign code.
    fn release(&self, state: MutexGuard<'_, State>) {
        let members = state.members.clone();
        drop(state);
        members.iter().for_each(|member| member.wake());
    }

    fn queue(self: &Arc<Self>, state: &mut State) {
        match state.reading {
            Reading::Idle => {
                state.reading = Reading::Queued;
                self.hub.fell_behind(self);
            }
            Reading::UnderWay => state.reading = Reading::Again,
            Reading::Queued | Reading::Again => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear(&mut self, cursor: Cursor) {
        if self.heard.is_none_or(|heard| !is_covered(cursor, heard)) {
            self.heard = Some(cursor);
        }
    }
}

/// The last one to leave takes the entry out of the map.
impl Drop for Channel {
    fn drop(&mut self) {
        self.hub.forget(&self.user);
    }
}

fn follows(cursor: Cursor, sent: Cursor) -> bool {
    cursor.epoch == sent.epoch && cursor.version == sent.version.next()
}

fn is_covered(cursor: Cursor, sent: Cursor) -> bool {
    cursor.epoch == sent.epoch && cursor.version <= sent.version
}
