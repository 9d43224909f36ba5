use super::TailError;
use super::follow::{Follower, Next, broken, refused};
use crate::cli::api::causes;
use crate::model::Cursor;
use serde_json::Value;
use std::io::Write;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::time::Instant;

/// How long a poll is parked.
const WAIT: Duration = Duration::from_secs(20);

/// How many changes one page of the history has.
const PAGE: usize = 100;

impl<W: Write + AsFd> Follower<W> {
    /// One poll after the other, until one fails or it is time to try a stream.
    pub(super) async fn polls(&mut self, until: Instant) -> Result<Next, TailError> {
        while Instant::now() < until {
            let mut query = vec![("wait", WAIT.as_secs().to_string())];
            query.extend(self.cursor.map(|cursor| ("after", cursor.to_string())));
            let request = self.get(&["poll"])?.timeout(WAIT + self.patience.first);
            let response = match request.query(&query).send().await {
                Ok(response) => response,
                Err(error) => return Ok(broken(causes(error))),
            };
            if response.status() == 204 {
                self.failures = 0;
                if !self.show.is_read() {
                    return Ok(Next::Done);
                }
                continue;
            }
            if response.status() != 200 {
                return refused(response).await;
            }
            let Some(news) = json(response).await else { return Ok(broken("half an answer came")) };
            self.failures = 0;
            if let Some(next) = self.news(&news)? {
                return Ok(next);
            }
        }
        Ok(Next::Again(Duration::ZERO))
    }

    fn news(&mut self, news: &Value) -> Result<Option<Next>, TailError> {
        let Some(changes) = news["changes"].as_array() else {
            let reason = if self.cursor.is_some() { "gap" } else { "connected" };
            return self.snapshot(reason, news);
        };
        for change in changes {
            if let Some(next) = self.change(change)? {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    /// A page of the changes after a cursor; `None` where the history does not reach back to it, or
    /// cannot be read now.
    pub(super) async fn history(&mut self, after: Cursor) -> Result<Option<Vec<Value>>, TailError> {
        let query = [("after", after.to_string()), ("limit", PAGE.to_string())];
        let request = self.get(&["me", "changes"])?.timeout(self.patience.next);
        let response = request.query(&query).send().await.ok();
        let Some(response) = response.filter(|response| response.status() == 200) else {
            return Ok(None);
        };
        Ok(json(response).await.and_then(|page| page["changes"].as_array().cloned()))
    }
}

async fn json(response: reqwest::Response) -> Option<Value> {
    serde_json::from_slice(&response.bytes().await.ok()?).ok()
}
