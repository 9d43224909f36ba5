//! HTTP/2 in the clear, as a proxy speaks it to a service behind it: many tabs on one connection.

use super::support::{App, Device, PASSWORD, kyc, soon, until};
use afterclick::model::UserRef;
use bytes::Bytes;
use h2::RecvStream;
use h2::client::{self, SendRequest};
use http_types::header::HeaderMap;
use http_types::{Request, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const ANA: &str = "ana@example.com";

/// How a client of HTTP/2 begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One connection, and all that is asked over it.
struct Connection {
    requests: SendRequest<Bytes>,
    /// Whether it ended as it should.
    end: JoinHandle<Result<(), h2::Error>>,
}

impl Connection {
    async fn open(app: &App) -> Self {
        let socket = TcpStream::connect(app.address).await.unwrap();
        let (requests, connection) = client::handshake(socket).await.unwrap();
        Self { requests, end: tokio::spawn(connection) }
    }

    /// Sends a request with these headers; its answer, which comes when it comes.
    async fn ask(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(client::ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let mut request = Request::get(format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut ready = soon("room for a request", self.requests.clone().ready()).await?;
        ready.send_request(request.body(()).unwrap(), true)
    }

    /// Opens a tab that resumes from a cursor, if any.
    async fn tab(&mut self, token: &str, from: Option<&str>) -> Tab {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(from.map(|cursor| ("last-event-id", cursor)));
        let (answer, _) = self.ask("/v1/stream", &headers).await.unwrap();
        let (head, body) = soon("a stream's head", answer).await.unwrap().into_parts();
        assert_eq!(head.status, StatusCode::OK);
        Tab { headers: head.headers, body, text: String::new() }
    }
}

/// A stream among others.
struct Tab {
    headers: HeaderMap,
    body: RecvStream,
    text: String,
}

impl Tab {
    /// The next chunk as text; `None` at the end.
    async fn more(&mut self) -> Option<String> {
        let chunk = soon("an event", self.body.data()).await?.unwrap();
        self.body.flow_control().release_capacity(chunk.len()).unwrap();
        Some(String::from_utf8(chunk.to_vec()).unwrap())
    }

    /// Reads until an event of this name, and all of it.
    async fn until(&mut self, event: &str) -> String {
        let name = format!("event: {event}\n");
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if format!("{block}\n").contains(&name) {
                    return block;
                }
                continue;
            }
            let more = self.more().await;
            self.text += &more.unwrap_or_else(|| panic!("the stream ended before {event}"));
        }
    }
}

/// A device of Ana's, and a token of hers.
async fn ana(app: &App) -> (Device, String) {
    let device = app.signed_up(ANA).await;
    let session = device.log_in(ANA, PASSWORD).await;
    let token = session.body["access_token"].as_str().unwrap().to_owned();
    (device, token)
}

async fn user(device: &Device) -> UserRef {
    UserRef {
        tenant: "default".parse().unwrap(),
        id: device.me().await["id"].as_str().unwrap().parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_hundred_tabs_share_one_connection() {
    let app = App::with(&["--streams-per-user", "200", "--heartbeat", "500ms"]).await;
    let (device, token) = ana(&app).await;
    let mut connection = Connection::open(&app).await;
    let mut tabs = Vec::new();
    for _ in 0..150 {
        tabs.push(connection.tab(&token, None).await);
    }
    for tab in &mut tabs {
        tab.until("snapshot").await;
    }
    assert_eq!(app.connections(&user(&device).await).streams, 150);

    device.press(&app.link(ANA).await).await.expect(200);

    for tab in &mut tabs {
        assert!(tab.until("email.verified").await.contains("\"email_verified\":true"));
    }
    tabs[0].until("heartbeat").await;
    let headers = &tabs[0].headers;
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-store");
    assert!(headers.contains_key("x-request-id") && headers.contains_key("date"));
    for of_http1 in ["connection", "keep-alive", "transfer-encoding", "upgrade"] {
        assert!(!headers.contains_key(of_http1), "{of_http1}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_resumes_where_it_was() {
    let app = App::start().await;
    let (device, token) = ana(&app).await;
    let (backend, id) = (app.backend("default"), device.id().await);
    let mut connection = Connection::open(&app).await;
    let seen = device.cursor().await;
    let missed = kyc(&backend, &id, json!({ "step": 1 })).await["cursor"].clone();

    let mut tab = connection.tab(&token, Some(&seen)).await;

    let first = tab.until("kyc.updated").await;
    assert!(first.contains(&format!("id: {}", missed.as_str().unwrap())), "{first}");
    kyc(&backend, &id, json!({ "step": 2 })).await;
    assert!(tab.until("kyc.updated").await.contains("\"step\":2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_or_a_stream_that_is_given_up_frees_its_place_at_once() {
    let app = App::start().await;
    let (device, token) = ana(&app).await;
    let (user, cursor) = (user(&device).await, device.cursor().await);
    let mut connection = Connection::open(&app).await;
    let (path, bearer) = (format!("/v1/poll?after={cursor}&wait=30"), format!("Bearer {token}"));
    let poll = async |connection: &mut Connection| {
        connection.ask(&path, &[("authorization", &bearer)]).await.unwrap()
    };
    let (waits, gives_up) = (poll(&mut connection).await, poll(&mut connection).await);
    let tab = connection.tab(&token, None).await;
    let open = async |streams, polls| {
        until("the connections", async || {
            let open = app.connections(&user);
            (open.streams, open.polls) == (streams, polls)
        })
        .await;
    };
    open(1, 2).await;

    drop((gives_up, tab));

    open(0, 1).await;
    device.press(&app.link(ANA).await).await.expect(200);
    let answer = soon("the poll", waits.0).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let _left_with_its_connection = poll(&mut connection).await;
    connection.end.abort();
    open(0, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_says_goodbye_to_every_tab_and_then_to_the_connection() {
    let mut app = App::with(&["--drain", "1s"]).await;
    let (_device, token) = ana(&app).await;
    let (idle, mut connection) = (Connection::open(&app).await, Connection::open(&app).await);
    let mut tabs = Vec::new();
    for _ in 0..10 {
        let mut tab = connection.tab(&token, None).await;
        tab.until("snapshot").await;
        tabs.push(tab);
    }

    let began = Instant::now();
    let stopped = app.drain();

    soon("the end of the idle one", idle.end).await.unwrap().unwrap();
    for tab in &mut tabs {
        assert!(tab.until("goodbye").await.contains("\"draining\""));
        assert_eq!(tab.more().await.unwrap_or_default(), "", "nothing comes after it");
    }
    drop((tabs, connection.requests));
    soon("the connection's end", connection.end).await.unwrap().unwrap();
    soon("the end", stopped).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// Sends these bytes, and reads until the service closes; after how long it did.
async fn closed_after(app: &App, bytes: &[u8]) -> Duration {
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ended = soon("the end", socket.read_to_end(&mut answer)).await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_a_beginning_that_does_not_come_whole_is_not_waited_for() {
    let app = App::start().await;
    let garbage = [PREFACE, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"].concat();

    let (silent, part, half, garbage) = tokio::join!(
        closed_after(&app, b""),
        closed_after(&app, b"PRI"),
        closed_after(&app, &PREFACE[..20]),
        closed_after(&app, &garbage),
    );

    for waited in [silent, part, half] {
        assert!(waited > Duration::from_secs(3) && waited < Duration::from_secs(8), "{waited:?}");
    }
    assert!(garbage < Duration::from_secs(3), "{garbage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_resets_by_the_thousand_and_heads_too_large_hurt_nobody_else() {
    let app = App::start().await;
    let mut polite = Connection::open(&app).await;
    let large = "x".repeat(20_000);
    let (answer, _) = polite.ask("/healthz", &[("x-large", &large)]).await.unwrap();
    let answer = soon("an answer", answer).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);

    // Frames as they are: a head of `GET /`, and its reset, for one stream after the other.
    let mut flood = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    for stream in (1..20_000_u32).step_by(2) {
        let id = stream.to_be_bytes();
        // Of HPACK's table (RFC 7541, A): GET, http, and /; and `x` as the authority.
        flood.extend([0, 0, 6, 1, 5, id[0], id[1], id[2], id[3], 0x82, 0x86, 0x84, 0x01, 1, b'x']);
        flood.extend([0, 0, 4, 3, 0, id[0], id[1], id[2], id[3], 0, 0, 0, 8]);
    }
    let mut rude = TcpStream::connect(app.address).await.unwrap();
    let (mut from, mut to) = rude.split();
    let mut said = Vec::new();
    let (_refused, _ended) =
        soon("the end", async { tokio::join!(to.write_all(&flood), from.read_to_end(&mut said)) })
            .await;

    // RFC 9113 §6.8: GOAWAY is of type 7; §7: 0xb asks for calm.
    let told = said.windows(4).any(|bytes| bytes == [0, 0, 0, 0x0b]);
    assert!(told, "{said:?}");
    let (answer, _) = polite.ask("/healthz", &[]).await.unwrap();
    assert_eq!(soon("an answer", answer).await.unwrap().status(), StatusCode::OK);
}
