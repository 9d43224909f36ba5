use super::member::Members;
use super::pace::Turn;
use super::state::{Reading, State, is_covered};
use super::{End, Hub, Member, Transport, follows};
use crate::feed::{Frame, Whole};
use crate::model::{Change, Cursor, UserRef};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// How many changes a reader may be behind before it is brought to the present by a snapshot.
const SLOTS: usize = 16;

/// What is broadcast to a user's members.
#[derive(Debug, Clone)]
pub(in crate::feed) enum News {
    Change(Arc<Frame>),
    /// The changes up to this state cannot be had one by one.
    State(Arc<Whole>),
}

/// One user with somebody listening.
///
/// Broadcasts each version once and in order. Where that cannot be kept up from what is published
/// (a hole, another epoch, a hint from another node), the log is read once for all members.
pub(in crate::feed) struct Channel {
    pub user: UserRef,
    pub(super) hub: Arc<Hub>,
    pub(super) news: broadcast::Sender<News>,
    state: Mutex<State>,
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
        // Whom it cannot be too many for is not counted: of one user there may be thousands.
        if member.transport == Transport::Stream && state.members.len() >= most {
            let streams = || state.members.iter().filter(|other| other.is_live_stream());
            let excess = (streams().count() + 1).saturating_sub(most);
            surplus.extend(streams().take(excess).cloned());
        }
        Arc::make_mut(&mut state.members).push_back(member);
        let receiver = self.news.subscribe();
        drop(state);
        for oldest in surplus {
            oldest.end(End::TooManyStreams);
        }
        receiver
    }

    pub fn leave(&self, member: &Arc<Member>) {
        let mut state = self.lock();
        state.parked -= usize::from(member.is_parked());
        if let Some(place) = state.members.iter().position(|other| Arc::ptr_eq(other, member)) {
            Arc::make_mut(&mut state.members).remove(place);
        }
    }

    /// Counts a member as parked, unless `most` are already.
    pub fn park(&self, member: &Member, most: usize) -> bool {
        let mut state = self.lock();
        let free = state.parked < most;
        if free && !member.is_parked() {
            member.park();
            state.parked += 1;
        }
        free
    }

    pub fn members(&self) -> Members {
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

    /// The newest version of `mine`'s history that the node has heard of, or `mine` itself.
    pub fn newest(&self, mine: Cursor) -> Cursor {
        self.lock().heard.filter(|heard| heard.is_ahead_of(&mine)).unwrap_or(mine)
    }

    /// The newest version, and its document where it is at hand; `None` where there may be a newer one
    /// already, or nothing is known yet.
    pub fn present(&self) -> Option<(Cursor, Option<Arc<Whole>>)> {
        let state = self.lock();
        let sent = state.sent?;
        let doubted = state.heard.is_some_and(|heard| !is_covered(heard, sent));
        if doubted || state.reading != Reading::Idle {
            return None;
        }
        Some((sent, state.present.clone().filter(|user| user.cursor == sent)))
    }

    /// Keeps what was read for the polls that come next.
    pub fn remember(&self, user: &Arc<Whole>) {
        self.lock().present = Some(Arc::clone(user));
    }

    /// Lingers from now on; whether it did not before.
    pub fn linger(&self) -> bool {
        !std::mem::replace(&mut self.lock().lingers, true)
    }

    /// Lingers no longer.
    pub fn forget(&self) {
        let mut state = self.lock();
        (state.lingers, state.present) = (false, None);
    }

    /// What was broadcast beyond `mine` although `receiver` holds nothing: the reader entered or
    /// read too late for it, and must read again before it may wait.
    pub fn passed_by(&self, mine: Cursor, receiver: &broadcast::Receiver<News>) -> Option<Cursor> {
        let state = self.lock();
        state.sent.filter(|sent| sent.is_ahead_of(&mine) && receiver.is_empty())
    }

    pub(super) fn send(&self, state: &mut State, change: Change) {
        state.sent = Some(change.cursor);
        state.hear(change.cursor);
        let streams = state.members.iter().filter(|member| member.is_live_stream()).count();
        tracing::info!(user.id = %self.user.id, tenant = %self.user.tenant,
            change.type = change.kind.as_str(), change.cursor = %change.cursor, streams,
            polls = state.members.len() - streams,
            "change sent to {streams} streams");
        let _ = self.news.send(News::Change(Arc::new(Frame::live(change, streams))));
    }

    /// Has the members woken, now or later if they are many, with the lock released: a waker may run
    /// foreign code.
    pub(super) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let members = state.members.clone();
        let turn = state.pace.turn(members.len());
        drop(state);
        match turn {
            Turn::Now => self.hub.bells.ring(&members),
            Turn::At(at) => self.hub.wake_later(self, at),
            Turn::Then => {}
        }
    }

    /// Wakes the members for what has waited for it.
    pub fn wake(&self) {
        let mut state = self.lock();
        let (waited, members) = (state.pace.ring(), state.members.clone());
        drop(state);
        if waited {
            self.hub.bells.ring(&members);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last one to leave takes the entry out of the map.
impl Drop for Channel {
    fn drop(&mut self) {
        self.hub.forget(&self.user);
    }
}
