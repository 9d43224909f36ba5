use super::TailError;
use super::follow::{Follower, Next, broken, cursor, refused};
use crate::cli::api::causes;
use crate::model::Cursor;
use futures_util::StreamExt;
use reqwest::header::CONTENT_TYPE;
use russe::reqwest_0_13::ReqwestExt;
use russe::{Event, Message};
use serde_json::Value;
use std::io::Write;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::time::timeout;

/// So many events make a stream one that got through.
const GOT_THROUGH: u32 = 2;

/// What is known of an open stream.
#[derive(Default)]
struct Open {
    events: u32,
    /// The least to wait after it.
    hint: Duration,
    /// A heartbeat told of a change that has not come.
    behind: bool,
}

impl<W: Write + AsFd> Follower<W> {
    /// One stream, from its request to its end.
    pub(super) async fn stream(&mut self) -> Result<Next, TailError> {
        let mut request = self.get(&["stream"])?;
        if let Some(cursor) = self.cursor {
            request = request.header("last-event-id", cursor.to_string());
        }
        let response = match timeout(self.patience.first, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Ok(self.gave_nothing(causes(error))),
            Err(_) => return Ok(self.gave_nothing("no answer came in time")),
        };
        if response.status() != 200 {
            self.broken += 1;
            return refused(response).await;
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with(russe::MEDIA_TYPE_STR)) {
            return Ok(self.gave_nothing("what came was no stream"));
        }
        let (mut events, mut open) = (response.sse_stream(), Open::default());
        loop {
            let patience = if open.events == 0 { self.patience.first } else { self.patience.next };
            let event = match timeout(patience, events.next()).await {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(_)) | None) => return Ok(self.broke("it ended without a word", &open)),
                Err(_) => return Ok(self.broke("it fell silent", &open)),
            };
            let Event::Message(message) = event else { continue };
            open.events += 1;
            self.failures = 0;
            if let Some(next) = self.hear(&message, &mut open).await? {
                return Ok(next);
            }
        }
    }

    /// One event; what it leads to, where it ends the stream.
    async fn hear(
        &mut self,
        message: &Message,
        open: &mut Open,
    ) -> Result<Option<Next>, TailError> {
        open.hint = message.retry.unwrap_or(open.hint);
        let Ok(data) = serde_json::from_str::<Value>(&message.data) else { return Ok(None) };
        match message.event.as_deref().unwrap_or_default() {
            "heartbeat" => Ok(self.beat(&data, open)),
            "goodbye" => self.goodbye(&data).map(Some),
            "snapshot" => {
                open.behind = false;
                let reason = data["reason"].as_str().unwrap_or_default();
                match self.cursor {
                    Some(seen) if reason == "gap" => self.gap(seen, &data).await,
                    _ => self.snapshot(reason, &data),
                }
            }
            _ => {
                open.behind = false;
                self.change(&data)
            }
        }
    }

    /// A sign of life, with the newest version that the service knows: what is missing at two of
    /// them in a row got lost.
    fn beat(&mut self, data: &Value, open: &mut Open) -> Option<Next> {
        if !self.show.is_read() {
            return Some(Next::Done);
        }
        let known: Option<Cursor> = cursor(data);
        let behind = known.zip(self.cursor).is_some_and(|(known, seen)| known.is_ahead_of(&seen));
        if behind && open.behind {
            return Some(self.broke("a change got lost", open));
        }
        open.behind = behind;
        // One that came first had nothing to add to what was seen: that is where it goes on from.
        self.cursor = self.cursor.or(known);
        None
    }

    fn goodbye(&mut self, data: &Value) -> Result<Next, TailError> {
        let code = data["code"].as_str().unwrap_or_default().to_owned();
        if data["reconnect"] != true {
            return Err(match code.as_str() {
                "session_revoked" => TailError::Refused("its session has ended".to_owned()),
                _ => TailError::Ended(code),
            });
        }
        self.broken = 0;
        let pause = Duration::from_millis(data["retry_ms"].as_u64().unwrap_or_default());
        Ok(Next::Again(pause))
    }

    /// What came between `seen` and a snapshot, one by one, where the history still has it.
    async fn gap(&mut self, seen: Cursor, data: &Value) -> Result<Option<Next>, TailError> {
        let mut after = seen;
        while let Some(changes) = self.history(after).await? {
            for change in &changes {
                if let Some(next) = self.change(change)? {
                    return Ok(Some(next));
                }
            }
            match changes.last().and_then(cursor) {
                Some(last) if last != after => after = last,
                _ => break,
            }
        }
        self.snapshot("gap", data)
    }

    /// A stream that broke after some events, or none.
    fn broke(&mut self, cause: &str, open: &Open) -> Next {
        if open.events >= GOT_THROUGH {
            self.broken = 0;
        }
        self.broken += 1;
        Next::Broken { cause: cause.to_owned(), hint: open.hint }
    }

    fn gave_nothing(&mut self, cause: impl Into<String>) -> Next {
        self.broken += 1;
        broken(cause)
    }
}
