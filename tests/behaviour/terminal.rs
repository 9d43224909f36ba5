//! What somebody at a terminal, or a script, sees of a user, and says of one.

use super::support::{App, DEADLINE, kyc, soon};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// `afterclick tail` in a pipe, killed with this value.
struct Tail {
    process: Child,
    lines: Option<Receiver<Value>>,
}

impl Tail {
    fn start(app: &App, token: &str, more: &[&str]) -> Self {
        let mut process = client(app, "tail")
            .args(more)
            .env("AFTERCLICK_TOKEN", token)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read(process.stdout.take().unwrap());
        Self { process, lines: Some(lines) }
    }

    /// The next line's type and version.
    #[track_caller]
    fn next(&self) -> (String, u64) {
        let line = self.lines.as_ref().unwrap().recv_timeout(DEADLINE).unwrap();
        let version = line["cursor"].as_str().unwrap().split_once('.').unwrap().1.parse();
        (line["type"].as_str().unwrap().to_owned(), version.unwrap())
    }

    /// How it ended, and what it had to say about that.
    async fn ended(mut self) -> (Option<i32>, String) {
        let status = soon("the end of tail", async {
            loop {
                match self.process.try_wait().unwrap() {
                    Some(status) => return status,
                    None => tokio::task::yield_now().await,
                }
            }
        })
        .await;
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (status.code(), told)
    }

    fn interrupt(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Reads lines of JSON on a thread of its own, which ends, and lets go of the pipe, with the
/// receiver.
fn read(stdout: ChildStdout) -> Receiver<Value> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

fn client(app: &App, command: &str) -> Command {
    let mut client = Command::new(env!("CARGO_BIN_EXE_afterclick"));
    client.args([command, "--url", &app.url("")]).stdin(Stdio::null());
    client
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn is(kind: &str, version: u64) -> (String, u64) {
    (kind.to_owned(), version)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_shows_the_state_and_then_each_change_through_every_break() {
    let app = App::with(&["--max-stream-age", "1s"]).await;
    let ana = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), ana.id().await);
    let tail = Tail::start(&app, &ana.token("ana@example.com").await, &[]);
    assert_eq!(tail.next(), is("snapshot", 1));

    for version in 2..=4 {
        ana.has_streams(1).await;
        ana.has_streams(0).await;
        kyc(&backend, &id, json!({ "step": version })).await;
        assert_eq!(tail.next(), is("kyc.updated", version));
    }

    tail.interrupt();
    let (code, said) = tail.ended().await;
    assert_eq!((code, said.as_str()), (Some(0), ""), "goodbyes are no failures");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_waits_for_one_change() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let (backend, id, token) =
        (app.backend("default"), ana.id().await, ana.token("ana@example.com").await);
    let before = ana.cursor().await;
    let any = Tail::start(&app, &token, &["--once"]);
    let one = Tail::start(&app, &token, &["--until", "email.verified", "--timeout", "1h"]);
    for tail in [&any, &one] {
        assert_eq!(tail.next(), is("snapshot", 1));
    }

    kyc(&backend, &id, json!({})).await;
    ana.press(&app.link("ana@example.com").await).await.expect(200);

    assert_eq!((any.next(), one.next()), (is("kyc.updated", 2), is("kyc.updated", 2)));
    assert_eq!(one.next(), is("email.verified", 3));
    assert_eq!(any.ended().await.0, Some(0));
    assert_eq!(one.ended().await.0, Some(0));
    let later = Tail::start(&app, &token, &["--until", "email.verified", "--after", &before]);
    assert_eq!(later.next(), is("kyc.updated", 2), "what came before it began");
    assert_eq!(later.ended().await.0, Some(0));
    let (code, said) = Tail::start(&app, &token, &["--once", "--timeout", "200ms"]).ended().await;
    assert_eq!((code, said.as_str()), (Some(1), "afterclick: it has not come within 200ms\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_and_a_log_out_are_told_of() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let (code, said) = Tail::start(&app, "not.a.token", &[]).ended().await;
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("afterclick: the token is refused: ") && said.contains("401"),
        "{said}"
    );
    let key = app.command(&["keys", "create", "--name", "tests"]);
    let (code, said) = Tail::start(&app, &key, &[]).ended().await;
    assert!(code == Some(1) && said.contains("403 wrong_caller"), "{said}");

    let tail = Tail::start(&app, &ana.token("ana@example.com").await, &[]);
    assert_eq!(tail.next(), is("snapshot", 1));
    ana.delete("/v1/sessions").await.expect(204);

    let (code, said) = tail.ended().await;
    assert_eq!(code, Some(1));
    assert_eq!(said, "afterclick: the token is refused: its session has ended\n");
    let (code, said) = told(&client(&app, "tail").env_remove("AFTERCLICK_TOKEN").output().unwrap());
    assert!(code == Some(2) && said.contains("AFTERCLICK_TOKEN"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_that_nobody_reads_ends_it() {
    let app = App::with(&["--heartbeat", "100ms"]).await;
    let ana = app.signed_up("ana@example.com").await;
    let mut process = client(&app, "tail")
        .env("AFTERCLICK_TOKEN", ana.token("ana@example.com").await)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("snapshot"), "{first}");

    let tail = Tail { process, lines: None };

    assert_eq!(tail.ended().await, (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_stand_in_a_file_and_is_read_again() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let folder = tempfile::tempdir().unwrap();
    let (file, token) = (folder.path().join("token"), ana.token("ana@example.com").await);
    std::fs::write(&file, format!("{token}\n")).unwrap();

    let tail = Tail::start(&app, &format!("@{}", file.display()), &[]);

    assert_eq!(tail.next(), is("snapshot", 1));
    let missing = Tail::start(&app, "@/nowhere", &[]).ended().await;
    assert!(missing.0 == Some(1) && missing.1.contains("cannot read /nowhere"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_printed_and_what_is_refused_is_explained() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let (id, key) = (ana.id().await, app.command(&["keys", "create", "--name", "tests"]));
    let publish = |key: &str, more: &[&str]| {
        client(&app, "publish").env("AFTERCLICK_KEY", key).args(more).output().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    std::fs::write(&file, r#"{"level": 2}"#).unwrap();
    let from_file = format!("@{}", file.display());

    for (data, kyc) in [
        (r#"{"status":"approved"}"#, json!({ "status": "approved" })),
        (&from_file, json!({ "status": "approved", "level": 2 })),
    ] {
        let output = publish(&key, &["--user", &id, "--type", "kyc.updated", "--data", data]);
        assert_eq!(told(&output), (Some(0), String::new()));
        let change: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&change["type"], &change["user"]["kyc"]), (&json!("kyc.updated"), &kyc));
    }
    for (key, arguments, code, says) in [
        (key.as_str(), ["--user", "nobody", "--type", "a.b"], 1, "404 not_found: "),
        (&key, ["--user", &id, "--type", "user.created"], 1, "422 reserved_type: "),
        (&key, ["--user", &id, "--type", "x"], 1, "422 bad_type: "),
        ("ack_a_b", ["--user", &id, "--type", "a.b"], 1, "401 invalid_token: "),
        (&key, ["--user", "a/b", "--type", "a.b"], 2, "a user's id is "),
    ] {
        let (status, said) = told(&publish(key, &arguments));
        assert!(status == Some(code) && said.contains(says), "{said}");
        assert!(!said.contains(key), "{said}");
    }
    let (code, said) = told(&publish(&key, &["--user", &id, "--type", "a.b", "--data", "[1]"]));
    assert!(code == Some(2) && said.starts_with("afterclick: --data"), "{said}");
    let (code, said) =
        told(&client(&app, "publish").args(["--user", &id, "--type", "a.b"]).output().unwrap());
    assert!(code == Some(2) && said.contains("AFTERCLICK_KEY"), "{said}");
    let nowhere = ["--url", "http://127.0.0.1:1", "--user", &id, "--type", "a.b"];
    let mut nobody = Command::new(env!("CARGO_BIN_EXE_afterclick"));
    let (code, said) =
        told(&nobody.arg("publish").args(nowhere).env("AFTERCLICK_KEY", &key).output().unwrap());
    assert!(code == Some(1) && said.starts_with("afterclick: no answer: "), "{said}");
}
