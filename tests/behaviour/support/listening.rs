use super::soon;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An open stream, read as HTML §9.2 says.
pub struct Listening {
    /// The response's headers.
    pub headers: HeaderMap,
    bytes: BoxStream<'static, Vec<u8>>,
    text: String,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// `event:`.
    pub name: String,
    /// `id:`, where the block has one.
    pub id: Option<String>,
    /// `retry:`, where the block has one.
    pub retry: Option<u64>,
    /// `data:`, as JSON.
    pub data: Value,
}

impl Listening {
    /// Opens the stream, which must be answered 200.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = soon("a stream's head", request.send()).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        let bytes = response.bytes_stream().map(|chunk| chunk.map(Vec::from).unwrap_or_default());
        Self { headers, bytes: bytes.boxed(), text: String::new() }
    }

    /// The next event; `None` at the stream's end.
    pub async fn next(&mut self) -> Option<Event> {
        soon("an event", async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let (event, rest) = (read(block), rest.to_owned());
                    self.text = rest;
                    return Some(event);
                }
                let chunk = self.bytes.next().await?;
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        })
        .await
    }

    /// The next event, which must have this name.
    pub async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The next event that is no heartbeat.
    pub async fn news(&mut self) -> Option<Event> {
        loop {
            match self.next().await {
                Some(event) if event.name == "heartbeat" => {}
                other => return other,
            }
        }
    }
}

fn read(block: &str) -> Event {
    let mut event = Event { name: "message".into(), id: None, retry: None, data: Value::Null };
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => event.id = Some(value.to_owned()),
            "retry" => event.retry = value.parse().ok(),
            "data" => data.push(value),
            other => panic!("no field of a stream: {other:?}"),
        }
    }
    event.data = serde_json::from_str(&data.join("\n")).unwrap();
    event
}
