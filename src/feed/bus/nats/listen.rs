//! What is done while the bus is listened to: connect, hear, and show signs of life.

use super::message::{self, Said};
use super::peers::BEAT;
use super::servers::NatsServers;
use super::{Heard, Question, Shared, count};
use crate::clock::random_between;
use async_nats::connection::State;
use async_nats::{Client, Event};
use bytes::Bytes;
use futures_util::stream::StreamExt;
use metrics::gauge;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// A connection on which a node does not hear itself for so long carries nothing, whatever it says
/// of itself: a network that loses one direction, or a server that lost the subscription.
const DEAF: Duration = Duration::from_secs(10);

/// Within so many milliseconds of a loss everybody is looked after, so that all nodes of a server
/// that comes back do not read the database in the same instant, and a flood counts once.
const SPREAD: u64 = 500;

/// Everything that the bus does.
pub(super) async fn work(
    shared: Arc<Shared>,
    servers: NatsServers,
    queued: Receiver<Said>,
    tell: Sender<Heard>,
) {
    let (lost, changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let client = connect(&servers, &lost, &changed).await;
    tokio::join!(
        shared.send(&client, queued),
        listen(&shared, &client, &tell),
        attend(&shared, &client, &changed),
        look_after(&lost, &tell),
    );
}

/// The client connects, and goes on doing so, by itself. What fails here is a file that went since
/// the settings were checked.
async fn connect(servers: &NatsServers, lost: &Arc<Notify>, changed: &Arc<Notify>) -> Client {
    loop {
        let (lost, changed) = (lost.clone(), changed.clone());
        let note = move |event| match event {
            Event::Connected => {
                lost.notify_one();
                changed.notify_one();
            }
            Event::SlowConsumer(_) => lost.notify_one(),
            Event::Disconnected => changed.notify_one(),
            other => tracing::debug!(event = %other, "bus"),
        };
        let client = match servers.options(note).await {
            Ok(options) => options.connect(&servers.urls).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match client {
            Ok(client) => return client,
            Err(error) => tracing::error!(error, "the bus cannot be used, and is tried again"),
        }
        sleep(Duration::from_secs(5)).await;
    }
}

async fn listen(shared: &Shared, client: &Client, tell: &Sender<Heard>) {
    loop {
        if let Ok(mut messages) = client.subscribe(format!("{}.*", shared.subject)).await {
            while let Some(message) = messages.next().await {
                if let Some(heard) = shared.take(&message.payload) {
                    // Fails where nobody listens any more, and this is about to end.
                    let _ = tell.send(heard).await;
                }
            }
        }
        // Neither ends while the client lives.
        sleep(LOOK).await;
    }
}

/// Shows signs of life, and looks whether the connection carries them.
async fn attend(shared: &Shared, client: &Client, changed: &Notify) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut was_up, mut told) = (false, false);
    let mut beat_at = Instant::now();
    let began = beat_at;
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = changed.notified() => {}
        }
        let (now, up) = (Instant::now(), client.connection_state() == State::Connected);
        shared.up.store(up, Ordering::Relaxed);
        gauge!("afterclick_bus_up").set(if up { 1.0 } else { 0.0 });
        gauge!("afterclick_bus_nodes")
            .set(f64::from(u32::try_from(shared.peers.count()).unwrap_or(u32::MAX)));
        if up && !was_up {
            tracing::info!("the bus is connected");
            shared.peers.echoed();
            beat_at = now;
        } else if !up && (was_up || (!told && now - began > BEAT)) {
            told = true;
            tracing::warn!(
                "the bus is away: changes of other nodes are found in the database until it is back"
            );
        }
        was_up = up;
        if up && now >= beat_at {
            beat_at = now + BEAT;
            shared.say(Said::Here);
        }
        if up && shared.peers.silence() > DEAF {
            tracing::warn!(
                "the bus carries nothing although it is connected, and is connected anew"
            );
            shared.peers.echoed();
            let _ = client.force_reconnect().await;
        }
    }
}

async fn look_after(lost: &Notify, tell: &Sender<Heard>) {
    loop {
        lost.notified().await;
        sleep(Duration::from_millis(random_between(0, SPREAD))).await;
        let _ = tell.send(Heard::Missed).await;
    }
}

impl Shared {
    /// What a message means to this node; `None` where it is its own, or nobody's.
    fn take(&self, message: &Bytes) -> Option<Heard> {
        let Some((node, said)) = Said::open(message, &self.secret) else {
            count("ignored");
            return None;
        };
        if node == self.node {
            self.peers.echoed();
            return None;
        }
        count("received");
        if self.peers.heard_of(node) {
            // So that it knows of us before our next beat.
            self.say(Said::Here);
        }
        match said {
            Said::Changed { tenant, user, cursor } => {
                let user = message::user(&tenant, &user);
                user.zip(cursor.parse().ok()).map(|(user, cursor)| Heard::Changed(user, cursor))
            }
            Said::Ended { tenant, user, session, code, at } => message::user(&tenant, &user)
                .map(|user| Heard::Ended(message::ending(user, session, &code, at))),
            Said::Asked { question, tenant, user } => {
                message::user(&tenant, &user).map(|user| Heard::Asked(Question(question), user))
            }
            Said::Answered { question, connections } => {
                self.peers.answered(question, (node, connections));
                None
            }
            Said::Here => None,
        }
    }
}
