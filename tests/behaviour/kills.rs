//! Webhooks when the service is killed, and when there are three of it.

use super::database::TestDatabase;
use super::support::{Device, Message, Nodes, OK, Receiver, Reply, kyc, until};
use super::webhooks::ALLOW;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A lease, after which what was under way comes again, and as much again.
const LEASE_AND_MORE: Duration = Duration::from_secs(40);

/// Serves at any port.
pub const SERVE: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// The program, serving from a folder; killed with this value as by the machine's failure.
pub struct Program(pub Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program in a folder of its own, with receivers on this machine allowed.
pub fn afterclick(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterclick"));
    command.args(arguments).args(ALLOW).current_dir(folder).stdin(Stdio::null());
    command
}

/// Starts a service; where it is.
pub fn serve(serve: &mut Command) -> (Program, String) {
    let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Program(child), line.trim().rsplit(' ').next().unwrap().to_owned())
}

/// Runs a command beside it; its output.
pub fn run(folder: &TempDir, arguments: &[&str]) -> String {
    let output = afterclick(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// I10 for webhooks: each change that was acknowledged is delivered, under one id, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_a_kill_loses_no_message_and_repeats_it_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let key = run(&folder, &["keys", "create", "--name", "tests"]);
    let users = ["ana", "ben", "cem"];
    for user in users {
        run(&folder, &["token", "--user", user]);
    }
    let mut receiver = Receiver::start().await;
    run(&folder, &["webhooks", "create", "--url", &receiver.url]);
    // Every fourth message is cut off by the kill that comes: its sender never learns of it.
    let mut count = 0;
    receiver.answer(move |_| {
        count += 1;
        if count % 4 == 0 { Reply::Silence } else { OK.into() }
    });

    let (mut acknowledged, mut heard) = (BTreeSet::new(), Heard::default());
    for round in 0..3 {
        let (program, url) = serve(&mut afterclick(&folder, &SERVE));
        let backend = Device::new(url).with_bearer(&key);
        for step in 0..8 {
            for user in users {
                let path = format!("/v1/users/{user}/events");
                let data = json!({ "round": round, "step": step });
                let change = json!({ "type": "kyc.updated", "data": data });
                let change = backend.post(&path, &change).await.expect(201).body;
                acknowledged.insert(change["cursor"].to_string());
            }
        }
        heard.take(&receiver.next().await);
        drop(program);
    }
    receiver.answer(|_| OK.into());
    let (_program, _) = serve(&mut afterclick(&folder, &SERVE));

    let all = async {
        while !acknowledged.is_subset(&heard.cursors) {
            heard.take(&receiver.arrives().await);
        }
    };
    tokio::time::timeout(LEASE_AND_MORE, all).await.unwrap();
}

/// What a receiver got, which is held to be whole and in order.
#[derive(Default)]
struct Heard {
    cursors: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    newest: BTreeMap<String, i64>,
}

impl Heard {
    fn take(&mut self, message: &Message) {
        self.cursors.insert(message.body["data"]["cursor"].to_string());
        if let Some(before) = self.texts.insert(message.id().to_owned(), message.text.clone()) {
            assert_eq!(before, message.text, "an id is one message's");
            return;
        }
        let (user, _, version) = message.change();
        if let Some(before) = self.newest.insert(user, version) {
            assert_eq!(version, before + 1, "one after the other");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_nodes_one_sends_each_message() {
    let database = TestDatabase::new().await;
    let fleet = Nodes::with(3, database.url(), "local", &ALLOW).await;
    let one = &fleet.0[0];
    let key = one.command(&["keys", "create", "--name", "tests"]);
    let nodes: Vec<_> = fleet.0.iter().map(|node| node.device().with_bearer(&key)).collect();
    let mut receiver = Receiver::start().await;
    let (users, changes) = (["ana", "ben", "cem", "dua"], 10_i64);
    for user in users {
        one.command(&["token", "--user", user]);
    }
    one.hook("default", &receiver, &[]);

    for step in 0..changes {
        for (user, node) in
            users.iter().zip(nodes.iter().cycle().skip(usize::try_from(step).unwrap()))
        {
            kyc(node, user, json!({ "step": step })).await;
        }
    }

    let mut seen = BTreeMap::<String, Vec<i64>>::new();
    let mut ids = BTreeSet::new();
    for _ in 0..changes * 4 {
        let message = receiver.next().await;
        assert!(ids.insert(message.id().to_owned()), "sent twice");
        let (user, _, version) = message.change();
        seen.entry(user).or_default().push(version);
    }
    let order: Vec<i64> = (2..=changes + 1).collect();
    assert!(seen.values().all(|versions| *versions == order), "{seen:?}");
    until("the records", async || {
        one.command(&["webhooks", "list"]).contains("0 waiting\t0 given up")
    })
    .await;
    assert!(receiver.has().is_none());
}
