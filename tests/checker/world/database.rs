use super::script;
use crate::history::{Change, Record, Recorder, Row};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;
use tokio_postgres::NoTls;

/// A private PostgreSQL cluster that can be killed and comes back with all it acknowledged.
pub struct Database {
    /// For its superuser.
    pub url: String,
    pub port: u16,
    talk: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    _script: Child,
}

impl Database {
    /// Makes and starts one.
    pub async fn start() -> Self {
        let mut child = script("bash")
            .args(["tests/support/postgres.sh", "--durable"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("PostgreSQL did not start");
        let url = line.split_whitespace().next().unwrap().to_owned();
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
        Self { url, port, talk: Mutex::new((orders, lines)), _script: child }
    }

    /// Gives an order and waits until it is carried out: `kill` or `start`.
    pub async fn order(&self, order: &str) {
        let mut talk = self.talk.lock().await;
        talk.0.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        talk.1.next_line().await.unwrap().expect("PostgreSQL's keeper ended");
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
