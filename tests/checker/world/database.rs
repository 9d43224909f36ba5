use super::ends_with_input;
use super::node::signal;
use crate::history::{Change, Record, Recorder, Row};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;
use tokio_postgres::NoTls;

/// A private PostgreSQL cluster that can be killed and comes back with all it acknowledged.
pub struct Database {
    /// For its superuser.
    pub url: String,
    pub port: u16,
    keeper: Mutex<Keeper>,
}

struct Keeper {
    /// Not killed when it is dropped: its server and files would stay. It ends with its orders.
    script: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    /// The server, as it is now.
    server: Option<u32>,
}

impl Keeper {
    /// Reads where the server is: its URL.
    async fn hear(&mut self) -> String {
        let line = self.lines.next_line().await.unwrap().expect("PostgreSQL did not start");
        let mut words = line.split_whitespace();
        let url = words.next().unwrap().to_owned();
        self.server = words.next().and_then(|pid| pid.parse().ok());
        url
    }
}

impl Database {
    /// Makes and starts one.
    pub async fn start() -> Self {
        let mut script = ends_with_input("bash")
            .args(["tests/support/postgres.sh", "durable"])
            .kill_on_drop(false)
            .spawn()
            .unwrap();
        let orders = script.stdin.take();
        let lines = BufReader::new(script.stdout.take().unwrap()).lines();
        let mut keeper = Keeper { script, orders, lines, server: None };
        let url = keeper.hear().await;
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
        Self { url, port, keeper: Mutex::new(keeper) }
    }

    /// Kills it, with all that it had not acknowledged.
    pub async fn kill(&self) {
        signal(self.keeper.lock().await.server.take(), Signal::KILL);
    }

    /// Starts it again where it was, and waits until it serves.
    pub async fn start_again(&self) {
        let mut keeper = self.keeper.lock().await;
        keeper.orders.as_mut().unwrap().write_all(b"again\n").await.unwrap();
        keeper.hear().await;
    }

    /// Ends it, and waits until its files are gone.
    pub async fn end(&self) {
        let mut keeper = self.keeper.lock().await;
        drop(keeper.orders.take());
        keeper.script.wait().await.unwrap();
    }

    /// Its address over another port.
    pub fn by(&self, port: u16) -> String {
        self.url.replace(&format!(":{}/", self.port), &format!(":{port}/"))
    }

    /// Takes note of every row of users and changes. `epochs` are what a node told of each user.
    pub async fn dump(&self, epochs: &HashMap<String, String>, recorder: &Recorder) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let users = "SELECT id, version, email, email_verified_at, kyc, attributes FROM users";
        for row in client.query(users, &[]).await.unwrap() {
            let user: String = row.get(0);
            let verified = row.get::<_, Option<i64>>(3).is_some();
            let state = json!({
                "email": row.get::<_, Option<String>>(2), "verified": verified,
                "kyc": parsed(row.get(4)), "attributes": parsed(row.get(5)),
            });
            let epoch = epochs.get(&user).cloned().unwrap_or_default();
            recorder.note(Record::Row(Row { user, epoch, version: row.get(1), state }));
        }
        let changes =
            "SELECT user_id, version, kind, data, document FROM changes ORDER BY user_id, version";
        for row in client.query(changes, &[]).await.unwrap() {
            let document = parsed(row.get(4));
            let state = json!({
                "email": document["email"], "verified": !document["verified_at"].is_null(),
                "kyc": document["kyc"], "attributes": document["attributes"],
            });
            let (user, version, kind, data) =
                (row.get(0), row.get(1), row.get(2), parsed(row.get(3)));
            recorder.note(Record::Change(Change { user, version, kind, data, state }));
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
