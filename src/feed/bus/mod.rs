//! How nodes tell each other of what they committed.

mod local;
mod nats;

pub use local::LocalBus;
pub use nats::{NatsBus, NatsCredentials, NatsServers};

use super::Connections;
use crate::model::{Cursor, Ending, UserRef};
use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::BoxStream;

/// What another node had to tell.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A user is at this cursor now; what changed is in the log.
    Changed(UserRef, Cursor),
    /// Connections and credentials of a user ended.
    Ended(Ending),
    /// Messages may have been lost: the bus was away, or its reader was too slow.
    Missed,
    /// Another node asks who of a user's is connected here; [`Bus::answer`] tells it.
    Asked(Question, UserRef),
}

/// Names a question of another node's, for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question(pub(super) u64);

/// Who of a user's is connected to the other nodes.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere {
    /// What each node said that answered.
    pub connections: Vec<Connections>,
    /// Whether a node may be missing: one that is known did not answer in time, or there is no bus
    /// to ask by.
    pub partial: bool,
}

/// How a node stands with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusState {
    /// There is no other node: all that is committed is told of here.
    Alone,
    /// There is no bus, and there may be other nodes.
    Local,
    /// Connected, and so many other nodes were heard of lately.
    Up(usize),
    /// Away: changes of other nodes are found in the database.
    Down,
}

/// Carries hints between nodes: at most once, in no promised order, perhaps twice, never to the
/// node that told.
///
/// That is enough, because a hint is never the truth. `Changed` makes a node read the log from where
/// it stands, so a lost, repeated, reordered, or even forged hint shows nobody a wrong state; at worst
/// the reconciler finds the change up to 3 s later. `Ended` must come from a node of the same
/// installation, since it ends connections by itself; a lost one is found by the reconciler too.
///
/// What is carried is a user's name and a version, an ending, or a count of connections: nothing
/// that a reader of the bus could use.
pub trait Bus: Send + Sync + 'static {
    /// Tells the other nodes that `user` is at `cursor` now. Called from any thread, perhaps without
    /// a runtime; must not wait, and drops the hint where it cannot be sent now.
    fn changed(&self, user: &UserRef, cursor: Cursor);

    /// Tells the other nodes of an ending, under the same rules.
    fn ended(&self, ending: &Ending);

    /// What the other nodes tell from now on. The stream lives as long as the process: a bus that
    /// was away says [`Heard::Missed`] when it is back, rather than ending. Asked for once.
    fn hear(&self) -> BoxStream<'static, Heard>;

    /// How this node stands with the others.
    fn state(&self) -> BusState;

    /// Asks the other nodes who of a user's is connected to them; answered within 300 ms.
    fn ask(&self, _user: &UserRef) -> BoxFuture<'static, Elsewhere> {
        ready(Elsewhere::default()).boxed()
    }

    /// Answers [`Heard::Asked`], under the rules of [`Self::changed`].
    fn answer(&self, _question: Question, _connections: Connections) {}
}
