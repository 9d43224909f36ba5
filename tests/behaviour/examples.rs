//! The examples publish and receive, and refuse what is not from us or not of now.

use super::support::{App, Message, Receiver, kyc, until};
use super::webhooks::ALLOW;
use reqwest::header::{HeaderMap, HeaderName};
use rstest::rstest;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver as Lines, channel};

/// Tells the receivers of this process apart.
static NEXT: AtomicU8 = AtomicU8::new(1);

/// One of the examples, by its interpreter and its file.
type Example = (&'static str, &'static str);

const PYTHON: Example = ("python3", "backend.py");
const NODE: Example = ("node", "backend.mjs");

fn run((interpreter, file): Example) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(file);
    let mut command = Command::new(interpreter);
    command.arg(path).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    command
}

/// An example that receives; killed with this value.
struct Backend {
    process: Child,
    lines: Lines<String>,
}

impl Backend {
    /// Has it receive where a webhook was made for, and with that webhook's secret.
    fn start(example: Example, address: &str, secret: &str) -> Self {
        let mut process = run(example)
            .args(["receive", address])
            .env("AFTERCLICK_WEBHOOK_SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let backend = Self { process, lines };
        assert_eq!(backend.next(), format!("receiving on http://{address}/hooks"));
        backend
    }

    #[track_caller]
    fn next(&self) -> String {
        self.lines.recv_timeout(super::support::DEADLINE).unwrap()
    }

    /// What it did with the next message that it took.
    #[track_caller]
    fn took(&self) -> Value {
        serde_json::from_str(&self.next()).unwrap()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// An address of this machine that nobody else listens on: all of 127.0.0.0/8 is ours, and a port
/// that was free a moment ago need not be so now.
fn address() -> String {
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("127.{number}.{}.{}:9000", process >> 8 & 0xff, process & 0xff)
}

/// Sends a recorded message on, changed as a test likes; the status.
async fn send(
    address: &str,
    message: &Message,
    change: impl Fn(&mut HeaderMap, &mut String),
) -> u16 {
    let (mut headers, mut body) = (HeaderMap::new(), message.text.clone());
    for name in ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = message.headers[name].parse().unwrap();
        headers.insert(HeaderName::from_static(name), value);
    }
    change(&mut headers, &mut body);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{address}/hooks")).headers(headers).body(body);
    request.send().await.unwrap().status().as_u16()
}

#[track_caller]
fn printed(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[rstest]
#[case::python(PYTHON)]
#[case::node(NODE)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_example_publishes_and_is_told(#[case] example: Example) {
    let app = App::with(&ALLOW).await;
    let ana = app.signed_up("ana@example.com").await;
    let (id, key) = (ana.id().await, app.command(&["keys", "create", "--name", "tests"]));
    let (address, url) = (address(), app.url(""));
    let hooks = format!("http://{address}/hooks");
    let create = ["webhooks", "create", "--url", &hooks];
    let made = app.command(&[&create[..], &ALLOW].concat());
    let backend = Backend::start(example, &address, made.split_once('\t').unwrap().1);
    let publish = |arguments: &[&str]| {
        let mut command = run(example);
        command.arg("publish").args(arguments).env("AFTERCLICK_URL", &url);
        command.env("AFTERCLICK_KEY", &key).output().unwrap()
    };

    let change = printed(&publish(&[&id, "kyc.updated", r#"{"status":"approved"}"#]));
    let data = json!({ "status": "approved" });
    assert_eq!((&change["data"], &change["user"]), (&data, &ana.me().await));
    ana.press(&app.link("ana@example.com").await).await.expect(200);

    assert_eq!(backend.took(), json!({ "type": "kyc.updated", "user": id, "data": data }));
    let click = json!({ "method": "link" });
    assert_eq!(backend.took(), json!({ "type": "email.verified", "user": id, "data": click }));
    until("the record", async || app.command(&["webhooks", "list"]).contains("0 waiting")).await;
    let refused = publish(&["nobody", "kyc.updated"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("404 not_found: "), "{said}");
}

#[rstest]
#[case::python(PYTHON)]
#[case::node(NODE)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_an_example_refuses_what_is_forged_recorded_or_old(#[case] example: Example) {
    let app = App::with(&ALLOW).await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let publisher = app.backend("default");
    let mut receiver = Receiver::start().await;
    let (webhook, secret) = app.hook("default", &receiver, &[]);
    let mut messages = Vec::new();
    for step in 1..=3 {
        kyc(&publisher, &id, json!({ "step": step })).await;
        messages.push(receiver.next().await);
    }
    let next = app.command(&["webhooks", "secret", &webhook, "--rotate"]);
    kyc(&publisher, &id, json!({ "step": 4 })).await;
    messages.push(receiver.next().await);
    let [first, second, third, rotated] = &messages[..] else { panic!("{messages:?}") };
    let address = address();
    let backend = Backend::start(example, &address, &secret);
    let steps = |value: &Value| value["data"]["step"].as_u64().unwrap();
    let set = |name: &'static str, value: String| {
        move |headers: &mut HeaderMap, _: &mut String| {
            headers.insert(name, value.parse().unwrap());
        }
    };

    // Forged: no signature of ours, another body, id, or time under one, or another's secret.
    let ours = first.headers["webhook-signature"].clone();
    for signature in
        ["", "v1,", "v1,AAAA", "v2,AAAA", "v1,é", &ours[3..], &format!("v1a,{}", &ours[3..])]
    {
        let status = send(&address, first, set("webhook-signature", signature.to_owned())).await;
        assert_eq!(status, 401, "{signature}");
    }
    assert_eq!(send(&address, first, |_, body| body.push(' ')).await, 401);
    assert_eq!(send(&address, first, |_, body| *body = second.text.clone()).await, 401);
    assert_eq!(send(&address, first, set("webhook-id", second.id().to_owned())).await, 401);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let without = |headers: &mut HeaderMap, _: &mut String| drop(headers.remove(name));
        assert_eq!(send(&address, first, without).await, 401, "{name}");
    }
    let sent: i64 = first.headers["webhook-timestamp"].parse().unwrap();
    for at in [
        String::new(),
        "now".to_owned(),
        "-1".to_owned(),
        format!("{sent}.0"),
        (sent + 1).to_string(),
    ] {
        assert_eq!(send(&address, first, set("webhook-timestamp", at.clone())).await, 401, "{at}");
    }

    // Repeated and reordered: each is taken, does its work once, and never takes the state back.
    let unchanged = |_: &mut HeaderMap, _: &mut String| {};
    for message in [second, second, first, third, second, third, rotated] {
        assert_eq!(send(&address, message, unchanged).await, 204);
    }
    let took = [backend.took(), backend.took(), backend.took()];
    assert_eq!(took.each_ref().map(steps), [2, 3, 4], "the first is older than what it knows");

    // With the next secret alone, only what is signed with it.
    drop(backend);
    let address = self::address();
    let _backend = Backend::start(example, &address, &next);
    assert_eq!(send(&address, first, unchanged).await, 401);
    assert_eq!(send(&address, rotated, unchanged).await, 204);

    // Recorded, and sent again much later: rightly signed, and refused.
    let app = App::with_held_clock(&ALLOW).await;
    app.advance(std::time::Duration::from_hours(1));
    let mut receiver = Receiver::start().await;
    let (_, secret) = app.hook("default", &receiver, &[]);
    app.device().sign_up("ben@example.com", "another kettle sings").await;
    let of_another_time = receiver.next().await;
    let address = self::address();
    let _backend = Backend::start(example, &address, &secret);
    assert_eq!(send(&address, &of_another_time, unchanged).await, 401);
}
