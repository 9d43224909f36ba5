//! Gets every committed change to whoever listens on this node, once and in order.
//!
//! A commit is told to [`Feed::changed`], from there to the hub (who listens here) and as a hint
//! to the [`Bus`] (the other nodes). A hint, a hole, or the reconciler's scan makes the hub read the
//! log by itself, so nothing that a message should have carried is lost with the message. Streams
//! and polls are both a [`Subscription`]: subscribe first, read the row second, then wait.

mod bus;
mod catch_up;
mod endings;
mod frame;
mod history;
mod hub;
mod join;
mod limits;
mod linger;
mod outage;
mod reconcile;
mod run;
mod subscription;
#[cfg(test)]
pub(crate) mod tests;
mod whole;
pub mod wire;

pub use bus::{
    Bus, BusState, Elsewhere, Heard, LocalBus, NatsBus, NatsCredentials, NatsServers, Question,
};
pub use frame::Frame;
pub use history::{CaughtUp, History, HistoryUnavailable, Moment};
pub use hub::{Connections, End, Everywhere, SessionConnections, Transport};
pub use join::{Listener, Refused};
pub use limits::Limits;
pub use subscription::{Item, Subscription, TooManyPolls, Welcome};
pub use whole::Whole;
pub use wire::Reason;

use crate::bugs::{Bug, seeded};
use crate::clock::Clock;
use crate::model::{Change, Digest, Ending, Micros, SessionId, TenantName, UserRef};
use arc_swap::ArcSwap;
use endings::Endings;
use hub::{Channel, Hub, Late};
use linger::Lingering;
use outage::Outage;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// Who listens on this node, and what they must be told.
pub struct Feed {
    hub: Arc<Hub>,
    endings: Endings,
    history: Arc<dyn History>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// Of the tenants that have others.
    limits_of: ArcSwap<HashMap<TenantName, Limits>>,
    draining: OnceLock<Duration>,
    outage: Outage,
    lingering: Lingering,
    /// The users whose log must be read. Locked by [`Feed::run`] for as long as it runs.
    behind: Mutex<mpsc::UnboundedReceiver<Weak<Channel>>>,
    /// Those whose listeners are woken later. Locked likewise.
    late: Mutex<mpsc::UnboundedReceiver<Late>>,
}

impl Feed {
    /// A feed nobody listens to yet. [`Feed::run`] must run for holes and other nodes to be heard.
    pub fn new(
        history: Arc<dyn History>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Arc<Self> {
        let (hub, behind, late) = Hub::new();
        Arc::new(Self {
            hub,
            endings: Endings::default(),
            history,
            bus,
            clock,
            limits,
            limits_of: ArcSwap::default(),
            draining: OnceLock::new(),
            outage: Outage::default(),
            lingering: Lingering::default(),
            behind: Mutex::new(behind),
            late: Mutex::new(late),
        })
    }

    /// Tells of a committed change: those who listen here at once, the other nodes by a hint.
    ///
    /// Called after the commit, from any thread: it needs no runtime, never waits, and costs one
    /// look-up in a map where nobody listens. Calls out of commit order are put right from the log.
    pub fn changed(&self, user: &UserRef, change: Change) {
        if seeded(Bug::SkipsPublish) {
            return;
        }
        let cursor = change.cursor;
        self.hub.publish(user, change);
        self.bus.changed(user, cursor);
    }

    /// Tells of a committed ending: the credentials are refused and the connections told from now
    /// on, here at once and on the other nodes by the bus. Like [`Feed::changed`], from any thread.
    pub fn ended(&self, ending: &Ending) {
        self.end_here(ending);
        self.bus.ended(ending);
    }

    /// Whether a credential ended within the last day, as far as this node has heard.
    ///
    /// `issued_at` is when the credential was issued: a JWT's `iat` (whole seconds, rounded down),
    /// or when a cookie's session was made. A credential is refused when its session ended, or when
    /// all of the user's ended at `issued_at` or later. So a token issued after such an ending but
    /// within the same second is refused too where its `iat` has no fraction: it cannot be told from
    /// one issued just before, which must never pass. A fractional `iat` (RFC 7519 §2 allows it)
    /// makes the comparison exact.
    pub fn refuses(&self, user: &UserRef, session: Option<SessionId>, issued_at: Micros) -> bool {
        self.endings.refused(user, session, issued_at).is_some()
    }

    /// How many may listen of these tenants' users from now on; of others', what the feed was made
    /// with. The number of all connections is the feed's alone.
    pub fn limit(&self, tenants: HashMap<TenantName, Limits>) {
        self.limits_of.store(Arc::new(tenants));
    }

    /// Whether all that is committed is told of here, so that there is nothing to find out.
    fn is_alone(&self) -> bool {
        self.bus.state() == BusState::Alone
    }

    fn limits(&self, tenant: &TenantName) -> Limits {
        self.limits_of.load().get(tenant).copied().unwrap_or(self.limits)
    }

    /// Ends the streams and polls that a key let in which is none of `keys` any more.
    pub fn trust_only(&self, keys: &HashSet<Digest>) {
        self.hub.trust_only(keys);
    }

    /// Who of a user's is connected to this node.
    pub fn connections(&self, user: &UserRef) -> Connections {
        self.hub.connections(user)
    }

    /// Who of a user's is connected to this node or another. The others are asked over the bus, and
    /// have 300 ms to answer.
    pub async fn connections_everywhere(&self, user: &UserRef) -> Everywhere {
        let elsewhere = self.bus.ask(user).await;
        let mut connections = self.connections(user);
        elsewhere.connections.into_iter().for_each(|of_node| connections.add(of_node));
        Everywhere { connections, partial: elsewhere.partial }
    }

    /// How this node stands with the others.
    pub fn bus(&self) -> BusState {
        self.bus.state()
    }

    /// How many streams and polls are open on this node.
    pub fn open(&self) -> usize {
        self.hub.open()
    }

    /// Lets everybody go: parked polls at once, streams at random moments within `over`, so that
    /// they do not all come back in the same second. New streams are refused from now on. Only the
    /// first call counts.
    pub fn drain(&self, over: Duration) {
        if self.draining.set(over).is_ok() {
            self.hub.wake_all();
        }
    }

    /// Over how long the node is letting everybody go; `None` while it is not.
    pub fn draining(&self) -> Option<Duration> {
        self.draining.get().copied()
    }

    /// Has the streams and polls that are opened on this thread woken together, where one change is news
    /// to many of them. The future must be run on this thread, for as long as it lasts.
    pub fn wake_together(&self) -> impl Future<Output = ()> + use<> {
        self.hub.bells.hang()
    }

    /// The clock by which this feed decides.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Remembered before the connections are told: who joins in between is refused or told, and
    /// never neither (see [`Feed::join`], which does the two in the other order).
    fn end_here(&self, ending: &Ending) {
        if seeded(Bug::ForgetsRevocation) {
            return;
        }
        if self.endings.remember(ending) {
            self.hub.end(ending);
        }
    }
}
