//! People who sign up, read their mail, click, and log out, while an application writes about them.

use crate::dice::Dice;
use crate::history::{Millis, Outcome, Record, Write};
use crate::listener::{Listener, Manner};
use crate::world::{NODES, World};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Good enough for the service, and everybody's.
const PASSWORD: &str = "blue kettle sings";

/// A call that takes longer has no outcome.
const PATIENCE: Duration = Duration::from_secs(4);

/// Not yet.
const STAYS: Millis = Millis::MAX;

/// The kind of a write that says what a user is: both documents in one call.
const PUT: &str = "put";

/// The kind of those that come many at once.
const MANY: &str = "transaction.updated";

/// What the run is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything fails, and everybody writes.
    Storm,
    /// Nothing fails any more, and nobody writes: everybody must come to the same state.
    Settling,
    /// Nothing fails, and everybody writes.
    Calm,
    /// Everybody leaves.
    Over,
}

/// A log-in and what it gave.
pub struct Session {
    /// The user's id.
    pub user: String,
    /// Tells it from all others.
    pub name: String,
    pub token: String,
    pub cookie: String,
    left: AtomicU64,
}

impl Session {
    /// When its log-out began.
    pub fn left(&self) -> Option<Millis> {
        Some(self.left.load(Ordering::SeqCst)).filter(|left| *left != STAYS)
    }
}

/// What an answer of this status, wholly received, says of a write.
fn outcome(status: u16) -> Outcome {
    match status {
        200..300 => Outcome::Done,
        400..500 => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// An HTTP client that makes a connection of its own for each request.
pub fn client() -> Client {
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0);
    client.connect_timeout(Duration::from_secs(2)).build().unwrap()
}

/// A user, with as many listeners as each session has.
pub struct Person {
    world: Arc<World>,
    client: Client,
    phase: watch::Receiver<Phase>,
    dice: Dice,
    seed: u64,
    canary: String,
    listeners: usize,
    sessions: usize,
    marks: u64,
    listening: Vec<JoinHandle<()>>,
}

impl Person {
    pub fn new(
        world: Arc<World>,
        phase: watch::Receiver<Phase>,
        seed: u64,
        index: u64,
        listeners: usize,
    ) -> Self {
        let mut dice = Dice::new(seed, index + 1_000_000);
        let canary = format!("canary-{:016x}", dice.throw());
        let (sessions, marks, listening) = (0, 0, Vec::new());
        Self {
            world,
            client: client(),
            phase,
            dice,
            seed,
            canary,
            listeners,
            sessions,
            marks,
            listening,
        }
    }

    /// Lives until the run is over: the session that is left, where it got one.
    pub async fn live(mut self, joins_within: Duration) -> Option<Arc<Session>> {
        let mut phase = self.phase.clone();
        let mut stays = None;
        tokio::select! {
            () = self.story(joins_within, &mut stays) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Over) => {}
        }
        for listening in self.listening {
            listening.await.unwrap();
        }
        stays
    }

    async fn story(&mut self, joins_within: Duration, kept: &mut Option<Arc<Session>>) {
        let late = u64::try_from(joins_within.as_millis()).unwrap();
        let late = self.dice.between(0, late);
        tokio::time::sleep(Duration::from_millis(late)).await;
        let email = format!("{}@example.com", self.canary);
        let account = json!({ "email": email, "password": PASSWORD });
        loop {
            let request = |client: &Client, url: String| client.post(url).json(&account);
            let write = self.write("sign_up", &email, "/v1/users", request).await.0;
            let done = write.outcome == Outcome::Done;
            self.note(write);
            if done {
                break;
            }
        }
        let stays = self.log_in(&account).await;
        *kept = Some(Arc::clone(&stays));
        let mut leaves = self.log_in(&account).await;
        self.verify(&stays, &email).await;

        let mut phase = self.phase.clone();
        let mut calm = false;
        loop {
            if *phase.borrow() == Phase::Calm && !calm {
                calm = true;
                // Some streams are too slow for it in any run, whatever failed before.
                self.publish_many(&stays.user).await;
            }
            if *phase.borrow_and_update() == Phase::Settling {
                let _ = phase.changed().await;
                continue;
            }
            // A burst, or a rest in which nothing mends what was missed.
            let rests = if self.dice.between(1, 4) == 1 { (2_500, 3_500) } else { (100, 700) };
            let rests = Duration::from_millis(self.dice.between(rests.0, rests.1));
            if tokio::time::timeout(rests, phase.changed()).await.is_ok() {
                continue;
            }
            if self.dice.between(1, 12) == 1 && *phase.borrow() == Phase::Storm {
                self.log_out(&leaves).await;
                leaves = self.log_in(&account).await;
            } else {
                self.publish(&stays.user).await;
            }
        }
    }

    /// Logs in, trying until it works, and listens.
    async fn log_in(&mut self, account: &Value) -> Arc<Session> {
        let session = loop {
            let node = self.dice.index(NODES);
            let request =
                self.client.post(self.world.nodes[node].url("/v1/sessions")).json(account);
            if let Ok(answer) = request.timeout(PATIENCE).send().await
                && answer.status() == 201
            {
                let mut cookies = answer.headers().get_all("set-cookie").iter();
                let cookie = cookies.find_map(|cookie| {
                    cookie.to_str().ok()?.strip_prefix("afterclick_session=")?.split(';').next()
                });
                let cookie = cookie.unwrap().to_owned();
                let Ok(body) = answer.json::<Value>().await else { continue };
                let user = body["user"]["id"].as_str().unwrap().to_owned();
                let token = body["access_token"].as_str().unwrap().to_owned();
                let name = format!("{}/{}", self.canary, self.sessions);
                break Arc::new(Session { user, name, token, cookie, left: AtomicU64::new(STAYS) });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        for index in 0..self.listeners {
            let number = self.sessions + index;
            let manner = Manner { streams: index % 2 == 0, cookie: number % 4 < 2 };
            let listener = Listener::new(
                Arc::clone(&self.world),
                Arc::clone(&session),
                self.phase.clone(),
                manner,
                self.seed,
            );
            self.listening.push(tokio::spawn(listener.listen()));
        }
        self.sessions += 1;
        session
    }

    /// Clicks on several devices at once and types the code on another, until one is answered.
    async fn verify(&mut self, session: &Session, email: &str) {
        let text = self.world.sink.mail(email).await;
        let token = text.split("/verify/").nth(1).and_then(|rest| rest.split_whitespace().next());
        let token = token.unwrap_or_else(|| panic!("no link in {text}")).to_owned();
        let digits =
            |word: &&str| word.len() == 6 && word.bytes().all(|letter| letter.is_ascii_digit());
        // A mail that comes late holds no code any more; then this try is refused.
        let code = text.split_whitespace().find(digits).unwrap_or_default().to_owned();
        let user = session.user.clone();
        let mut answered = false;
        while !answered {
            let click = format!("/verify/{token}");
            let press = |client: &Client, url: String| {
                client.post(url).header("accept", "application/json")
            };
            let typed = json!({ "code": code });
            let bearer = session.token.clone();
            let confirm =
                |client: &Client, url: String| client.post(url).bearer_auth(&bearer).json(&typed);
            let mut others = [self.fork(), self.fork()];
            let [phone, laptop] = &mut others;
            let (first, second, third) = tokio::join!(
                phone.write("click", &user, &click, press),
                laptop.write("click", &user, &click, press),
                self.write("code", &user, "/v1/verifications/confirm", confirm),
            );
            for (mut write, body) in [first, second, third] {
                write.already = body["already"].as_bool();
                answered |= write.already.is_some();
                self.note(write);
            }
        }
    }

    /// The same person on another device.
    fn fork(&mut self) -> Self {
        let dice = Dice::new(self.dice.throw(), 0);
        let (world, client, phase) =
            (Arc::clone(&self.world), self.client.clone(), self.phase.clone());
        Self {
            world,
            client,
            phase,
            dice,
            canary: self.canary.clone(),
            listening: Vec::new(),
            ..*self
        }
    }

    async fn log_out(&mut self, session: &Session) {
        session.left.store(self.world.recorder.now(), Ordering::SeqCst);
        let mut tried = false;
        loop {
            let request =
                |client: &Client, url: String| client.delete(url).bearer_auth(&session.token);
            let (mut write, _) =
                self.write("log_out", &session.user, "/v1/sessions/current", request).await;
            write.session = Some(session.name.clone());
            // An earlier try that got no answer may have done it.
            if write.outcome == Outcome::Refused && tried {
                write.outcome = Outcome::Done;
            }
            if write.outcome != Outcome::Unknown {
                self.note(write);
                return;
            }
            tried = true;
        }
    }

    /// Lets the application write about the user, at times from two places at once, and at times
    /// more in one call than a stream that is not read at once can be behind.
    async fn publish(&mut self, user: &str) {
        if self.dice.between(1, 20) == 1 {
            return self.publish_many(user).await;
        }
        let kinds = ["kyc.updated", "user.updated", "transaction.updated", PUT, PUT];
        let mut others = [self.fork(), self.fork()];
        let both = usize::try_from(self.dice.between(1, 2)).unwrap();
        let mut writes = Vec::new();
        for other in others.iter_mut().take(both) {
            let kind = kinds[self.dice.index(kinds.len())];
            writes.push(other.say(kind, user, self.mark()));
        }
        for write in futures_util::future::join_all(writes).await {
            self.note(write);
        }
    }

    /// One write of the application's, by an event or by saying what the user is.
    async fn say(&mut self, kind: &str, user: &str, mark: String) -> Write {
        let (path, body) = if kind == PUT {
            let whole = json!({ "left": mark, "right": mark, "put": mark });
            (format!("/v1/users/{user}"), json!({ "kyc": whole, "attributes": whole }))
        } else {
            let body = json!({ "type": kind, "data": { "left": mark, "right": mark } });
            (format!("/v1/users/{user}/events"), body)
        };
        let key = self.world.key.clone();
        let request = |client: &Client, url: String| {
            let call = if kind == PUT { client.put(url) } else { client.post(url) };
            call.bearer_auth(&key).json(&body)
        };
        let (mut write, answer) = self.write(kind, user, &path, request).await;
        write.cursor = answer["cursor"].as_str().map(ToOwned::to_owned);
        write.mark = Some(mark);
        write
    }

    /// Many transactions in one call, each with an outcome of its own.
    async fn publish_many(&mut self, user: &str) {
        let marks: Vec<String> = (0..self.dice.between(40, 60)).map(|_| self.mark()).collect();
        let event = |mark: &String| json!({ "user_id": user, "type": MANY, "data": { "left": mark, "right": mark } });
        let body = json!({ "events": marks.iter().map(event).collect::<Vec<_>>() });
        let key = self.world.key.clone();
        let request = |client: &Client, url: String| client.post(url).bearer_auth(&key).json(&body);
        let (write, answer) = self.write(MANY, user, "/v1/events", request).await;
        for (index, mark) in marks.into_iter().enumerate() {
            let mut write = write.clone();
            let result = &answer["results"][index];
            if let Some(status) = result["status"].as_u64() {
                write.status = u16::try_from(status).unwrap();
                write.outcome = outcome(write.status);
                write.cursor = result["change"]["cursor"].as_str().map(ToOwned::to_owned);
            }
            write.mark = Some(mark);
            self.note(write);
        }
    }

    /// What tells one write from all others.
    fn mark(&mut self) -> String {
        self.marks += 1;
        format!("{}-{}", self.canary, self.marks)
    }

    /// Calls a node that the dice choose: what is known of it, and the answer.
    async fn write(
        &mut self,
        kind: &str,
        user: &str,
        path: &str,
        request: impl Fn(&Client, String) -> RequestBuilder,
    ) -> (Write, Value) {
        let node = self.dice.index(NODES);
        let began = self.world.recorder.now();
        let request = request(&self.client, self.world.nodes[node].url(path)).timeout(PATIENCE);
        let (status, body) = match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await),
            Err(_) => (0, Ok(Value::Null)),
        };
        let outcome = if body.is_ok() { outcome(status) } else { Outcome::Unknown };
        let write = Write {
            kind: kind.to_owned(),
            user: user.to_owned(),
            node,
            began,
            ended: self.world.recorder.now(),
            outcome,
            status,
            cursor: None,
            mark: None,
            already: None,
            session: None,
        };
        if outcome == Outcome::Unknown {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        (write, body.unwrap_or_default())
    }

    fn note(&self, write: Write) {
        self.world.recorder.note(Record::Write(write));
    }
}
