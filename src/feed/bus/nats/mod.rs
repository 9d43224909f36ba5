//! The bus over core NATS: one subscription a node, one message for all.
//!
//! Messages of a node that is disconnected are dropped here rather than kept: when it is back they
//! would be old news, and everybody is looked after anyway.

mod listen;
mod message;
mod peers;
mod servers;

pub use servers::{NatsCredentials, NatsServers};

use super::{Bus, BusState, Elsewhere, Heard, Question};
use crate::clock::random_bytes;
use crate::feed::Connections;
use crate::model::{Cursor, Ending, OpaqueToken, ServerSecret, UserRef};
use async_nats::Client;
use async_nats::connection::State;
use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{BoxStream, StreamExt, once, pending, select};
use message::{NodeId, Said};
use metrics::counter;
use peers::Peers;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

/// Messages that may wait to be sent: a second of a busy node.
const QUEUE: usize = 8192;

/// How long one may take to be handed to the connection.
const SEND: Duration = Duration::from_secs(1);

/// A bus over NATS. Connects when it is first heard, and forms one with every node that has the
/// same secret.
pub struct NatsBus {
    shared: Arc<Shared>,
    servers: NatsServers,
    /// Until it is heard.
    queued: Mutex<Option<Receiver<Said>>>,
}

/// What the bus and its tasks have in common.
struct Shared {
    secret: ServerSecret,
    /// Its own for each installation, so that several may share a server.
    subject: String,
    node: NodeId,
    queue: Sender<Said>,
    up: AtomicBool,
    peers: Peers,
}

impl NatsBus {
    /// A bus that is not connected yet. Messages carry a proof made with `secret`, so that nobody
    /// else who reaches the server can end a stream.
    pub fn new(servers: NatsServers, secret: ServerSecret) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let own = OpaqueToken::spelled(&secret.derive("bus-subject", &[])[..6]);
        let subject = format!("afterclick.{}", own.reveal());
        let (node, up, peers) = (random_bytes(), AtomicBool::new(false), Peers::default());
        let shared = Arc::new(Shared { secret, subject, node, queue, up, peers });
        Self { shared, servers, queued: Mutex::new(Some(queued)) }
    }
}

impl Bus for NatsBus {
    fn changed(&self, user: &UserRef, cursor: Cursor) {
        self.shared.say(Said::changed(user, cursor));
    }

    fn ended(&self, ending: &Ending) {
        self.shared.say(Said::ended(ending));
    }

    fn hear(&self) -> BoxStream<'static, Heard> {
        let queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(queued) = queued else { return pending().boxed() };
        let (tell, told) = mpsc::channel(64);
        let work = listen::work(self.shared.clone(), self.servers.clone(), queued, tell);
        // The work is done while it is listened to, and tells by the other stream.
        let work = once(work).filter_map(|()| ready(None));
        select(ReceiverStream::new(told), work).boxed()
    }

    fn state(&self) -> BusState {
        if self.shared.up.load(Ordering::Relaxed) {
            BusState::Up(self.shared.peers.count())
        } else {
            BusState::Down
        }
    }

    fn ask(&self, user: &UserRef) -> BoxFuture<'static, Elsewhere> {
        if self.state() == BusState::Down {
            return ready(Elsewhere { connections: Vec::new(), partial: true }).boxed();
        }
        let asking = self.shared.peers.ask();
        self.shared.say(Said::asked(asking.question, user));
        asking.all().boxed()
    }

    fn answer(&self, question: Question, connections: Connections) {
        self.shared.say(Said::Answered { question: question.0, connections });
    }
}

impl Shared {
    /// Has something sent, or dropped where it cannot be.
    fn say(&self, said: Said) {
        if !self.up.load(Ordering::Relaxed) || self.queue.try_send(said).is_err() {
            count("dropped");
        }
    }

    /// Sends what is queued, for as long as the process lives. A connection that takes nothing holds
    /// up nobody but this.
    async fn send(&self, client: &Client, mut queued: Receiver<Said>) {
        while let Some(said) = queued.recv().await {
            let subject = format!("{}.{}", self.subject, said.kind());
            let message = said.seal(self.node, &self.secret).into();
            let connected = client.connection_state() == State::Connected;
            let sent = connected
                && matches!(timeout(SEND, client.publish(subject, message)).await, Ok(Ok(())));
            count(if sent { "sent" } else { "dropped" });
        }
    }
}

fn count(outcome: &'static str) {
    counter!("afterclick_bus_messages_total", "outcome" => outcome).increment(1);
}
