use super::{App, Device, soon, until};
use crate::database::TestDatabase;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tokio::task::yield_now;

/// Several nodes of one installation.
pub struct Nodes(pub Vec<App>);

impl Nodes {
    /// What they share.
    pub const SECRET: &str = "kT0vQ3cW9nY7xJ2mB5sL8dF1gH4aR6pZ";

    /// What they call themselves, whoever asks: as behind a balancer.
    pub const PUBLIC_URL: &str = "http://127.0.0.1:8080";

    /// What all of them are started with.
    pub fn flags<'a>(database: &'a str, bus: &'a str) -> [&'a str; 8] {
        let (secret, url) = (Self::SECRET, Self::PUBLIC_URL);
        ["--database", database, "--bus", bus, "--secret", secret, "--public-url", url]
    }

    /// Two nodes that share a database and a bus.
    pub async fn two(database: &TestDatabase, bus: &str) -> Self {
        Self::with(2, database.url(), bus, &[]).await
    }

    /// Three of them.
    pub async fn three(database: &TestDatabase, bus: &str) -> Self {
        Self::with(3, database.url(), bus, &[]).await
    }

    /// So many, with more flags; each is ready.
    pub async fn with(count: usize, database: &str, bus: &str, flags: &[&str]) -> Self {
        let flags = [&Self::flags(database, bus)[..], flags].concat();
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(App::with(&flags).await);
        }
        for node in &nodes {
            node.is_ready().await;
        }
        let nodes = Self(nodes);
        if bus != "local" {
            nodes.know_each_other().await;
        }
        nodes
    }

    /// Waits until each has heard of all others.
    pub async fn know_each_other(&self) {
        let others = format!("connected, other nodes: {}", self.0.len() - 1);
        for node in &self.0 {
            until("all nodes", async || node.bus().await == others).await;
        }
    }

    /// A device on which somebody signed up and logged in at the first node.
    pub async fn signed_up(&self, email: &str) -> Device {
        self.0[0].signed_up(email).await
    }

    /// The newest mail to an address, whichever node sent it.
    pub async fn mail(&self, to: &str) -> Value {
        let path = format!("/dev/inbox.json?to={}", to.replace('@', "%40"));
        soon("a mail", async {
            loop {
                for node in &self.0 {
                    let mails = node.device().get(&path).await.body;
                    if let Some(mail) = mails.get(0) {
                        return mail.clone();
                    }
                }
                yield_now().await;
            }
        })
        .await
    }

    /// The path of the link in it.
    pub async fn link(&self, to: &str) -> String {
        let mail = self.mail(to).await;
        mail["link"].as_str().unwrap().strip_prefix(Self::PUBLIC_URL).unwrap().to_owned()
    }
}

impl App {
    /// What `/readyz` says of the bus.
    pub async fn bus(&self) -> String {
        let answer = self.device().get("/readyz").await.body;
        let all = answer["dependencies"].as_array().unwrap().clone();
        let bus = all.iter().find(|one| one["name"] == "bus").unwrap();
        bus["detail"].as_str().unwrap().to_owned()
    }
}

/// A node that is a process of its own; killed with this value.
pub struct Process {
    child: Child,
    /// `http://…` without a path.
    pub url: String,
}

impl Process {
    /// Starts the program with these flags, and waits until it listens.
    #[track_caller]
    pub fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_afterclick"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("afterclick is listening on ").unwrap().to_owned();
        Self { child, url }
    }

    /// Sends it a signal.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
