//! Who listens on this node.

mod bell;
mod channel;
mod connections;
mod fill;
mod member;
mod meters;
mod pace;
mod state;

use bell::Bells;
pub(super) use channel::{Channel, News};
pub use connections::{Connections, Everywhere, SessionConnections};
pub(super) use member::Member;
pub use member::{End, Transport};
use meters::Meters;
pub(super) use state::follows;

use crate::model::{Change, Cursor, Digest, Ending, UserRef};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

/// Enough that two threads rarely want the same lock.
const SHARDS: usize = 64;

/// A channel whose members are to be woken, and when.
pub(super) type Late = (Instant, Weak<Channel>);

type Shard = HashMap<UserRef, Weak<Channel>>;

/// The map from a user to its channel, which lives exactly as long as somebody listens.
pub(super) struct Hub {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    behind: mpsc::UnboundedSender<Weak<Channel>>,
    late: mpsc::UnboundedSender<Late>,
    open: AtomicUsize,
    pub bells: Bells,
    pub meters: Meters,
}

impl Hub {
    /// An empty hub, the queue of the users whose log must be read, in which a user is once at most, and
    /// that of those whose listeners are to be woken later.
    pub fn new()
    -> (Arc<Self>, mpsc::UnboundedReceiver<Weak<Channel>>, mpsc::UnboundedReceiver<Late>) {
        let (behind, to_read) = mpsc::unbounded_channel();
        let (late, to_wake) = mpsc::unbounded_channel();
        let hub = Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            behind,
            late,
            open: AtomicUsize::new(0),
            bells: Bells::default(),
            meters: Meters::new(),
        };
        (Arc::new(hub), to_read, to_wake)
    }

    /// The one place where the hub hears of a change with its content.
    pub fn publish(&self, user: &UserRef, change: Change) {
        self.meters.changes.increment(1);
        if let Some(channel) = self.find(user) {
            channel.offer(change);
        }
    }

    /// Takes a hint that `user` is at `cursor`.
    pub fn hint(&self, user: &UserRef, cursor: Cursor) {
        if let Some(channel) = self.find(user) {
            channel.hint(cursor);
        }
    }

    /// Tells those whom an ending means to go.
    pub fn end(&self, ending: &Ending) {
        let Some(channel) = self.find(&ending.user) else { return };
        let members = channel.members();
        let meant = members.iter().filter(|member| member.falls_to(ending));
        meant.for_each(|member| member.end(End::Of(ending.code)));
    }

    /// Tells those to go whose credential was signed by none of `keys`.
    pub fn trust_only(&self, keys: &HashSet<Digest>) {
        let left_out =
            |member: &Member| member.listener.signed_by.is_some_and(|by| !keys.contains(&by));
        for channel in self.channels() {
            let members = channel.members();
            let meant = members.iter().filter(|member| left_out(member));
            meant.for_each(|member| member.end(End::KeyGone));
        }
    }

    /// Takes one of the node's `most` places.
    pub fn take_place(&self, most: usize) -> bool {
        let taken = self.open.fetch_add(1, Ordering::SeqCst) < most;
        if !taken {
            self.give_place_back();
        }
        taken
    }

    /// Gives a place back.
    pub fn give_place_back(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Lets a member in, opening its user's channel where there is none.
    pub fn enter(
        self: &Arc<Self>,
        member: Arc<Member>,
        streams: usize,
    ) -> (Arc<Channel>, broadcast::Receiver<News>) {
        let channel = self.find_or_open(&member.listener.user);
        let receiver = channel.enter(member, streams);
        (channel, receiver)
    }

    /// How many places are taken.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub fn connections(&self, user: &UserRef) -> Connections {
        let channel = self.find(user);
        channel.map(|channel| Connections::of(&channel.members())).unwrap_or_default()
    }

    /// Has the log of every connected user read.
    pub fn doubt_all(&self) {
        self.channels().iter().for_each(Channel::doubt);
    }

    pub fn wake_all(&self) {
        for channel in self.channels() {
            channel.members().iter().for_each(|member| member.wake());
        }
    }

    /// How many users have somebody listening.
    pub fn users(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn find(&self, user: &UserRef) -> Option<Arc<Channel>> {
        self.shard(user).get(user).and_then(Weak::upgrade)
    }

    fn find_or_open(self: &Arc<Self>, user: &UserRef) -> Arc<Channel> {
        let mut shard = self.shard(user);
        let open = shard.get(user).and_then(Weak::upgrade);
        open.unwrap_or_else(|| {
            let channel = Channel::new(user.clone(), self.clone());
            shard.insert(user.clone(), Arc::downgrade(&channel));
            channel
        })
    }

    /// Collected first and visited without a lock: the last reference to a channel may be one of
    /// these, and its drop takes its shard's lock.
    fn channels(&self) -> Vec<Arc<Channel>> {
        let upgraded =
            |shard| lock(shard).values().filter_map(Weak::upgrade).collect::<Vec<Arc<Channel>>>();
        self.shards.iter().flat_map(upgraded).collect()
    }

    fn fell_behind(&self, channel: &Arc<Channel>) {
        // Fails only where the feed itself is gone.
        let _ = self.behind.send(Arc::downgrade(channel));
    }

    fn wake_later(&self, channel: &Arc<Channel>, at: Instant) {
        // As above.
        let _ = self.late.send((at, Arc::downgrade(channel)));
    }

    /// Takes a dropped channel out, unless somebody came meanwhile and opened another.
    fn forget(&self, user: &UserRef) {
        let mut shard = self.shard(user);
        if shard.get(user).is_some_and(|channel| channel.strong_count() == 0) {
            shard.remove(user);
        }
        if shard.capacity() > 4 * shard.len() + 64 {
            shard.shrink_to_fit();
        }
    }

    fn shard(&self, user: &UserRef) -> MutexGuard<'_, Shard> {
        // The remainder is below 64, so nothing is lost on any platform.
        let index = usize::try_from(self.hasher.hash_one(user) % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[index])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
