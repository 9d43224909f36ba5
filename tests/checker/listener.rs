//! A tab or a device: a stream or a poll that comes back whenever it is lost, to any node.

use crate::dice::Dice;
use crate::history::{Client, Heard, Millis, Opened, Record};
use crate::invariants::data_of;
use crate::people::{Phase, Session, client};
use crate::world::{NODES, World};
use reqwest::Response;
use reqwest::header::ETAG;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// A stream that is mute for so long counts as broken, at a heartbeat of 1 s.
const MUTE: Duration = Duration::from_secs(3);

/// How long a poll waits, and after how long it counts as lost.
const WAIT: (u32, Duration) = (3, Duration::from_secs(6));

/// For how long after a log-out its listeners try to come in again.
const STUBBORN: Millis = 9_000;

static CLIENTS: AtomicU32 = AtomicU32::new(0);
static CONNECTIONS: AtomicU32 = AtomicU32::new(0);

/// How a listener listens, and what it shows to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub streams: bool,
    pub cookie: bool,
}

/// One listener.
pub struct Listener {
    world: Arc<World>,
    session: Arc<Session>,
    phase: watch::Receiver<Phase>,
    manner: Manner,
    dice: Dice,
    id: u32,
    cursor: Option<String>,
}

impl Listener {
    pub fn new(
        world: Arc<World>,
        session: Arc<Session>,
        phase: watch::Receiver<Phase>,
        manner: Manner,
        seed: u64,
    ) -> Self {
        let id = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let dice = Dice::new(seed, u64::from(id));
        Self { world, session, phase, manner, dice, id, cursor: None }
    }

    /// Listens until the run is over, or its session is.
    pub async fn listen(mut self) {
        let from = self.world.recorder.now();
        let mut phase = self.phase.clone();
        tokio::select! {
            () = self.come_and_go() => {}
            _ = phase.wait_for(|phase| *phase == Phase::Over) => {}
        }
        let until = self.session.left().unwrap_or_else(|| self.world.recorder.now());
        self.world.recorder.note(Record::Client(Client {
            id: self.id,
            user: self.session.user.clone(),
            session: self.session.name.clone(),
            from,
            until,
        }));
    }

    async fn come_and_go(&mut self) {
        loop {
            let stays = if self.manner.streams { self.stream().await } else { self.poll().await };
            let left = self.session.left();
            if !stays || left.is_some_and(|left| self.world.recorder.now() > left + STUBBORN) {
                return;
            }
            let pause = if self.manner.streams {
                self.dice.between(20, 400)
            } else {
                self.dice.between(0, 20)
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One stream, until it breaks; false where there is no coming back.
    async fn stream(&mut self) -> bool {
        let Some((connection, mut response)) = self.open("/v1/stream").await else { return true };
        if response.status() != 200 {
            return self.may_come_back(&response);
        }
        let mut text = String::new();
        while let Ok(Ok(Some(bytes))) = timeout(MUTE, response.chunk()).await {
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some((block, rest)) = text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                text = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                let name = field("event: ").unwrap_or("message").to_owned();
                if let Some(id) = field("id: ") {
                    self.cursor = Some(id.to_owned());
                }
                self.note(connection, &name, &block);
                if name == "goodbye" {
                    let goodbye: Value = serde_json::from_str(&data_of(&block)).unwrap_or_default();
                    return goodbye["reconnect"] == true || self.session.left().is_none();
                }
            }
        }
        true
    }

    /// One poll; false where there is no coming back.
    async fn poll(&mut self) -> bool {
        let after = self.cursor.as_ref().map(|cursor| format!("&after={cursor}"));
        let path = format!("/v1/poll?wait={}{}", WAIT.0, after.unwrap_or_default());
        let Some((connection, response)) = self.open(&path).await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            return true;
        };
        match response.status().as_u16() {
            200 => {
                let Ok(raw) = response.text().await else { return true };
                let answer: Value = serde_json::from_str(&raw).unwrap_or_default();
                self.cursor = answer["cursor"].as_str().map(ToOwned::to_owned);
                self.note(connection, "poll", &raw);
            }
            204 => {
                let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
                let tag = tag.unwrap_or_default().trim_matches('"').to_owned();
                self.note(connection, "nothing", &tag);
            }
            _ => {
                let pause = self.dice.between(100, 400);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                return self.may_come_back(&response);
            }
        }
        true
    }

    /// Whoever was refused for good has left; else the refusal is in the history, and wrong.
    fn may_come_back(&self, response: &Response) -> bool {
        response.status() != 401 || self.session.left().is_none()
    }

    /// Asks a node that the dice choose, and takes note of it.
    async fn open(&mut self, path: &str) -> Option<(u32, Response)> {
        let node = self.dice.index(NODES);
        let at = self.world.recorder.now();
        let mut request = client().get(self.world.nodes[node].url(path));
        request = if self.manner.cookie {
            request.header("cookie", format!("afterclick_session={}", self.session.cookie))
        } else {
            request.bearer_auth(&self.session.token)
        };
        let resume = self.cursor.clone();
        if self.manner.streams
            && let Some(cursor) = &resume
        {
            request = request.header("last-event-id", cursor);
        }
        let patience = if self.manner.streams { MUTE } else { WAIT.1 };
        let response = timeout(patience, request.send()).await.ok().and_then(Result::ok);
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let status = response.as_ref().map_or(0, |response| response.status().as_u16());
        let opened = Opened { client: self.id, connection, node, at, resume, status };
        self.world.recorder.note(Record::Opened(opened));
        Some((connection, response?))
    }

    fn note(&self, connection: u32, name: &str, raw: &str) {
        let (client, at) = (self.id, self.world.recorder.now());
        let heard = Heard { client, connection, at, name: name.to_owned(), raw: raw.to_owned() };
        self.world.recorder.note(Record::Heard(heard));
    }
}
