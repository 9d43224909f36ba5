//! What is secret is in the one answer or mail that carries it, and nowhere else.

use super::support::{Device, PASSWORD, soon};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const ANA: &str = "ana.marked@example.com";

/// The program with its most talkative log; killed when the test ends, however it ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s17_no_secret_is_logged_measured_or_stored() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_afterclick"))
        .args(["--listen", "127.0.0.1:0", "--database", &database, "--log-format", "json"])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let program = Program(child);
    let base = ready.trim().rsplit(' ').next().unwrap().to_owned();
    let key = Command::new(env!("CARGO_BIN_EXE_afterclick"))
        .args(["keys", "create", "--name", "tests", "--database", &database])
        .output()
        .unwrap();
    let key = String::from_utf8(key.stdout).unwrap().trim().to_owned();

    let ana = Device::new(base.clone());
    ana.sign_up(ANA, PASSWORD).await;
    let granted = ana.log_in(ANA, PASSWORD).await;
    let cookie = granted.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    let ticket =
        ana.post("/v1/stream-tickets", &json!({})).await.expect(201).body["ticket"].clone();
    let opened = Device::new(base.clone())
        .request(reqwest::Method::GET, &format!("/v1/stream?ticket={}", ticket.as_str().unwrap()));
    super::support::Listening::open(opened).await.expect("snapshot").await;
    let mail = soon("the mail", async {
        loop {
            let mails = ana.get("/dev/inbox.json").await.body;
            if let Some(mail) = mails.get(0) {
                return mail.clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let link = mail["link"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned();
    let backend = Device::new(base.clone()).with_bearer(&key);
    let event = json!({ "type": "kyc.updated", "data": {} });
    let id = granted.body["user"]["id"].as_str().unwrap();
    backend.post(&format!("/v1/users/{id}/events"), &event).await.expect(201);
    for wrong in ["/v1/me", "/v1/stream", "/v1/sessions"] {
        backend.get(wrong).await.expect(403);
    }
    ana.get(&format!("/v1/me?token={key}")).await.expect(400);
    Device::new(base.clone()).with_bearer(&key[..key.len() - 1]).get("/v1/me").await.expect(401);
    ana.get(&format!("/v1/me?token={}", granted.body["access_token"].as_str().unwrap()))
        .await
        .expect(400);
    ana.post("/v1/sessions", &json!({ "email": ANA, "password": "marked wrong phrase" })).await;
    ana.post("/v1/verifications/confirm", &json!({ "code": "12345x" })).await;
    ana.press(&link).await.expect(200);
    let commands = [["keys", "list"], ["audit", "list"], ["tenants", "list"]].map(|command| {
        let command = Command::new(env!("CARGO_BIN_EXE_afterclick"))
            .args(command)
            .args(["--database", &database])
            .output()
            .unwrap();
        String::from_utf8(command.stdout).unwrap()
    });
    let commands = commands.concat();
    assert!(commands.contains("key.created"), "{commands}");
    let metrics = ana.get("/metrics").await.text;

    let secrets = [
        PASSWORD.to_owned(),
        "marked wrong phrase".to_owned(),
        cookie,
        granted.body["access_token"].as_str().unwrap().to_owned(),
        granted.body["refresh_token"].as_str().unwrap().to_owned(),
        ticket.as_str().unwrap().to_owned(),
        link.rsplit('/').next().unwrap().to_owned(),
        key.rsplit('_').next().unwrap().to_owned(),
    ];
    drop(program);
    let read = |name: &str| {
        let mut bytes = Vec::new();
        if let Ok(mut file) = std::fs::File::open(folder.path().join(name)) {
            file.read_to_end(&mut bytes).unwrap();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let log = read("log");
    assert!(log.contains("somebody signed up"));
    assert!(!log.contains(ANA), "whole addresses are not for the log");
    for secret in secrets {
        for (place, text) in [
            ("log", &log),
            ("metrics", &metrics),
            ("commands", &commands),
            ("database", &read("a.db")),
            ("wal", &read("a.db-wal")),
        ] {
            assert!(!text.contains(&secret), "{place} holds {secret}");
        }
    }
}
