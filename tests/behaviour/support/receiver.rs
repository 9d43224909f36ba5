use super::soon;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

/// The answer of a receiver that is well.
pub const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A tenant's backend, which is sent webhooks. It ends with this value.
pub struct Receiver {
    /// `http://…`, with a path.
    pub url: String,
    script: Arc<Mutex<Script>>,
    messages: UnboundedReceiver<Message>,
    listening: AbortHandle,
}

/// What a receiver writes back, whatever it is, for each message.
type Script = Box<dyn FnMut(&Message) -> Reply + Send>;

/// What comes of a message.
pub enum Reply {
    /// These bytes.
    Text(String),
    /// Nothing, until the sender has gone.
    Silence,
    /// The end of the connection.
    End,
    /// 200, with a body that does not end before the sender has gone.
    Endless,
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Message {
    /// Method and path.
    pub line: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body, to the byte.
    pub text: String,
    /// The body as JSON.
    pub body: Value,
}

impl Message {
    /// `webhook-id`.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// What the change was, and the version it made.
    pub fn change(&self) -> (String, String, i64) {
        let data = &self.body["data"];
        let version = data["cursor"].as_str().unwrap().split_once('.').unwrap().1.parse().unwrap();
        let user = data["user"]["id"].as_str().unwrap().to_owned();
        (user, data["type"].as_str().unwrap().to_owned(), version)
    }
}

impl Receiver {
    /// A receiver that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let (told, messages) = unbounded_channel();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_| OK.into())));
        let shared = Arc::clone(&script);
        let listening = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared), told.clone()));
            }
        });
        Self { url, script, messages, listening: listening.abort_handle() }
    }

    /// From now on answers each message so.
    pub fn answer(&self, script: impl FnMut(&Message) -> Reply + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// The next message.
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Message> {
        soon("a message", self.arrives())
    }

    /// The next message, however long that takes.
    pub async fn arrives(&mut self) -> Message {
        self.messages.recv().await.unwrap()
    }

    /// A message that has come already.
    pub fn has(&mut self) -> Option<Message> {
        self.messages.try_recv().ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut socket: TcpStream, script: Arc<Mutex<Script>>, told: UnboundedSender<Message>) {
    let mut bytes = Vec::new();
    while let Some(message) = read(&mut socket, &mut bytes).await {
        let reply = (script.lock().unwrap())(&message);
        // The test that waited for it may have ended.
        let _ = told.send(message);
        match reply {
            Reply::Text(text) => {
                if socket.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Silence => {
                let _gone = socket.read(&mut [0]).await;
                return;
            }
            Reply::End => return,
            Reply::Endless => {
                let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                let mut sent = socket.write_all(head).await;
                while sent.is_ok() {
                    sent = socket.write_all(b"4\r\nmore\r\n").await;
                }
                return;
            }
        }
        if !bytes.is_empty() {
            return;
        }
    }
}

/// Reads one request; `None` where the connection ends before it does.
async fn read(socket: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Message> {
    loop {
        if let Some(message) = whole(bytes) {
            bytes.clear();
            return Some(message);
        }
        if socket.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Message> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    (body.len() >= length).then(|| Message {
        line,
        headers,
        text: body.to_owned(),
        body: serde_json::from_str(body).unwrap_or_default(),
    })
}
