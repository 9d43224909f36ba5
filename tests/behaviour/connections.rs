//! What one connection carries: streams and polls are answered without actix's own connection where
//! a connection begins with them, and nobody can tell.

use super::support::{App, Device, soon};
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::time::timeout;

/// A connection as a client has it that writes HTTP itself.
struct Connection {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(app: &App) -> Self {
        let socket = TcpStream::connect(app.address).await.unwrap();
        Self { socket, read: Vec::new() }
    }

    async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next answer's head, in order but without what differs each time, and its body.
    async fn answer(&mut self) -> (Vec<String>, String) {
        let head = self.until("\r\n\r\n").await;
        let mut lines: Vec<_> = head.lines().map(str::to_owned).collect();
        let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            assert!(self.more().await, "the body is cut");
        }
        let body = self.read.drain(..length).collect();
        lines.retain(|line| !line.starts_with("date: ") && !line.starts_with("x-request-id: "));
        lines.sort_unstable();
        (lines, String::from_utf8(body).unwrap())
    }

    async fn status(&mut self) -> String {
        let (head, _) = self.answer().await;
        head.iter().find_map(|line| line.strip_prefix("HTTP/1.1 ")).unwrap()[..3].to_owned()
    }

    async fn until(&mut self, end: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            if let Some(at) = text.find(end) {
                return String::from_utf8(self.read.drain(..at + end.len()).collect()).unwrap();
            }
            assert!(self.more().await, "closed after {text:?}");
        }
    }

    /// Reads on; whether there was more.
    async fn more(&mut self) -> bool {
        soon("bytes", self.socket.read_buf(&mut self.read)).await.unwrap() > 0
    }
}

async fn asks(app: &App, device: &Device) -> impl use<> + Fn(&str, &str) -> String {
    let bearer = device.token("ana@example.com").await;
    let host = app.address;
    move |target, more| {
        format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n{more}\r\n"
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_the_same_however_its_connection_began() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (ask, cursor) = (asks(&app, &device).await, device.cursor().await);
    let known = format!("if-none-match: \"{cursor}\"\r\n");
    let nobody = "GET /v1/poll HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    let requests = [
        ask("/v1/poll", ""),
        ask("/v1/poll", "connection: close\r\n"),
        ask("/v1/poll?wait=0", &known),
        ask(&format!("/v1/poll?wait=0&after={cursor}"), "origin: https://elsewhere.example\r\n"),
        ask("/v1/poll?after=nothing", ""),
        ask("/v1/poll?token=x", ""),
        nobody.clone(),
        nobody.replace("poll", "stream"),
        ask("/v1/stream", ""),
    ];

    for request in requests {
        let mut lean = Connection::open(&app).await;
        lean.send(&request).await;
        let mut usual = Connection::open(&app).await;
        usual.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        usual.answer().await;
        usual.send(&request).await;

        assert_eq!(lean.answer().await, usual.answer().await, "{request}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_began_its_connection_is_whole_to_its_last_byte() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let ask = asks(&app, &device).await;
    let mut connection = Connection::open(&app).await;
    connection.send(&ask("/v1/stream", "")).await;

    connection.until("event: snapshot\n").await;
    device.delete("/v1/sessions/current").await.expect(204);

    let rest = connection.until("\r\n0\r\n\r\n").await;
    assert!(rest.contains("event: goodbye\n"), "{rest}");
    assert!(!connection.more().await, "it ends with its stream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_polls_and_other_calls_in_turn() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let ask = asks(&app, &device).await;
    let (poll, me) = (ask("/v1/poll?wait=0", ""), ask("/v1/me", ""));
    let mut connection = Connection::open(&app).await;

    for _ in 0..3 {
        connection.send(&poll).await;
        assert_eq!(connection.status().await, "200");
    }
    // Several at once, and the last of them in two pieces.
    let (first, second) = poll.split_at(30);
    connection.send(&format!("{poll}{me}{first}")).await;
    assert_eq!([connection.status().await, connection.status().await], ["200", "200"]);
    connection.send(second).await;
    assert_eq!(connection.status().await, "200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_sent_behind_a_parked_poll_is_answered_after_it() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (ask, cursor) = (asks(&app, &device).await, device.cursor().await);
    let mut connection = Connection::open(&app).await;
    connection.send(&ask(&format!("/v1/poll?after={cursor}&wait=1"), "")).await;
    app.parked(&device, 1).await;

    connection.send(&ask("/v1/me", "")).await;

    assert_eq!(connection.status().await, "204");
    assert_eq!(connection.status().await, "200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_whose_client_has_closed_its_half_gives_its_place_back() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (ask, cursor) = (asks(&app, &device).await, device.cursor().await);
    let mut connection = Connection::open(&app).await;
    connection.send(&ask(&format!("/v1/poll?after={cursor}&wait=30"), "")).await;
    app.parked(&device, 1).await;

    connection.socket.shutdown().await.unwrap();

    app.parked(&device, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_waits_for_its_next_call_holds_up_no_end() {
    let mut app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let ask = asks(&app, &device).await;
    let (mut poll, mut call) = (Connection::open(&app).await, Connection::open(&app).await);
    for (connection, target) in [(&mut poll, "/v1/poll"), (&mut call, "/v1/me")] {
        connection.send(&ask(target, "")).await;
        assert_eq!(connection.status().await, "200");
    }

    // After 5 s nobody is waited for any more.
    let stopped = timeout(Duration::from_secs(4), app.stop()).await;

    assert!(stopped.is_ok(), "it was waited for");
    assert!(!poll.more().await && !call.more().await, "they are closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_a_drain_answers_is_its_connections_last() {
    let mut app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (ask, cursor) = (asks(&app, &device).await, device.cursor().await);
    let mut connection = Connection::open(&app).await;
    connection.send(&ask(&format!("/v1/poll?after={cursor}&wait=30"), "")).await;
    app.parked(&device, 1).await;

    let drained = app.drain();

    let (head, _) = connection.answer().await;
    assert!(head.contains(&"HTTP/1.1 204 No Content".to_owned()), "{head:?}");
    assert!(head.contains(&"connection: close".to_owned()), "{head:?}");
    soon("the end", drained).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_its_connections_last_answer_whatever_went_before() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let ask = asks(&app, &device).await;
    let mut streams = Vec::new();
    for before in ["/v1/poll", "/v1/me"] {
        let mut connection = Connection::open(&app).await;
        connection.send(&ask(before, "")).await;
        assert_eq!(connection.status().await, "200");
        connection.send(&ask("/v1/stream", "")).await;
        let (head, _) = connection.answer().await;
        assert!(head.contains(&"connection: close".to_owned()), "{head:?}");
        connection.until("event: snapshot\n").await;
        streams.push(connection);
    }

    device.delete("/v1/sessions/current").await.expect(204);

    for mut connection in streams {
        connection.until("\r\n0\r\n\r\n").await;
        assert!(!connection.more().await, "it ends with its stream");
    }
}

/// What became of a call on a connection of its own.
#[derive(Debug, PartialEq, Eq)]
enum Called {
    Answered,
    /// There was nobody to connect to: the caller goes to another node with it.
    Refused,
    /// It was taken and not answered: the caller cannot know whether it was acted upon.
    Lost,
}

/// Calls as a proxy does that writes as soon as it is connected.
async fn call(address: SocketAddr) -> Called {
    let Ok(mut socket) = TcpStream::connect(address).await else { return Called::Refused };
    let mut answer = Vec::new();
    let call = b"POST /v1/users/ana/events HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    let written = socket.write_all(call).await;
    let read = socket.read_to_end(&mut answer).await;
    let whole = written.is_ok() && read.is_ok() && answer.starts_with(b"HTTP/1.1 ");
    if whole { Called::Answered } else { Called::Lost }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_a_node_as_it_stops_is_answered() {
    const CALLERS: usize = 32;
    let mut app = App::start().await;
    let (address, begun) = (app.address, Arc::new(Barrier::new(CALLERS + 1)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                assert_eq!(call(address).await, Called::Answered);
                begun.wait().await;
                loop {
                    let called = call(address).await;
                    if called != Called::Answered {
                        return called;
                    }
                }
            })
        })
        .collect();
    begun.wait().await;

    app.stop().await;

    for last in soon("every caller's end", join_all(callers)).await {
        assert_eq!(last.unwrap(), Called::Refused);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_at_once_than_are_looked_at_are_all_answered() {
    let app = App::start().await;
    let mut connection = Connection::open(&app).await;
    let call = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let calls = 2 * 16 * 1024 / call.len();

    connection.send(&call.repeat(calls)).await;

    for _ in 0..calls {
        assert_eq!(connection.status().await, "200");
    }
}
