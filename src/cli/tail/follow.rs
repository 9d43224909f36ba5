use super::TailError;
use super::show::Show;
use crate::cli::api::{Api, Given, Refused};
use crate::clock::back_off;
use crate::model::Cursor;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait for what; the defaults are those of the browser's client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a stream's first event, and for the head of any answer.
    pub(super) first: Duration,
    /// For the next event of a stream: two heartbeats, and some.
    pub(super) next: Duration,
    /// Until a stream is tried again where polls work.
    pub(super) polling: Duration,
    /// After a first failure; doubles with each.
    pub(super) pause: Duration,
    /// The longest pause.
    pub(super) longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            next: Duration::from_secs(40),
            polling: Duration::from_mins(2),
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// After so many streams that broke, polls are tried.
const BROKEN: u32 = 2;

/// How a stream, or a row of polls, ended.
#[derive(Debug)]
pub(super) enum Next {
    /// There is nothing more to show.
    Done,
    /// As it was said to. To be taken up again after this pause.
    Again(Duration),
    /// It was not said to, or nothing ever came.
    Broken {
        /// Why.
        cause: String,
        /// How long we were asked to wait.
        hint: Duration,
    },
}

/// Follows one user, whatever happens to the connection: what is shown never goes back, and what
/// came while it was away is shown too, as far as the service's history reaches.
pub(super) struct Follower<W> {
    pub(super) api: Api,
    token: Given,
    pub(super) show: Show<W>,
    pub(super) cursor: Option<Cursor>,
    pub(super) patience: Patience,
    /// Streams that broke one after the other.
    pub(super) broken: u32,
    /// Tries one after the other by which nothing came.
    pub(super) failures: i64,
    /// Until when polls are preferred.
    polls_until: Option<Instant>,
}

impl<W: Write + AsFd> Follower<W> {
    /// One that has seen what `cursor` says.
    pub(super) fn new(
        api: Api,
        token: Given,
        show: Show<W>,
        cursor: Option<Cursor>,
        patience: Patience,
    ) -> Self {
        Self { api, token, show, cursor, patience, broken: 0, failures: 0, polls_until: None }
    }

    /// Follows until what was awaited has been shown, or nobody reads any more.
    ///
    /// # Errors
    ///
    /// [`TailError`], where trying again would not help.
    pub(super) async fn run(mut self) -> Result<(), TailError> {
        loop {
            let polls = self.polls_until.filter(|until| Instant::now() < *until);
            let next = match polls {
                Some(until) => self.polls(until).await?,
                None => self.stream().await?,
            };
            let pause = match next {
                Next::Done => return Ok(()),
                Next::Again(pause) => pause,
                Next::Broken { cause, hint } => {
                    self.show.notice(&format!("the connection broke: {cause}"));
                    self.failures += 1;
                    let Patience { pause, longest_pause, .. } = self.patience;
                    back_off(self.failures - 1, pause, longest_pause).max(hint)
                }
            };
            self.choose(polls.is_some(), self.failures > 0);
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether to stream or to poll from now on.
    fn choose(&mut self, polled: bool, failed: bool) {
        if polled {
            // Where polls do not get through either, nothing speaks against streams.
            self.broken = if failed { 0 } else { BROKEN - 1 };
            self.polls_until = None;
        } else if self.broken >= BROKEN {
            self.show.notice("streams do not get through, so it polls for a while");
            self.polls_until = Some(Instant::now() + self.patience.polling);
        }
    }

    /// A call as the user.
    pub(super) fn get(&self, path: &[&str]) -> Result<RequestBuilder, TailError> {
        let token = self.token.read().map_err(TailError::Token)?;
        Ok(self.api.call(Method::GET, path, &token))
    }

    /// Shows the whole state, unless it is older than what was shown; [`Next::Done`] where nobody
    /// reads it.
    pub(super) fn snapshot(
        &mut self,
        reason: &str,
        data: &Value,
    ) -> Result<Option<Next>, TailError> {
        let Some(cursor) = cursor(data) else { return Ok(None) };
        if self.is_old(cursor) {
            return Ok(None);
        }
        self.cursor = Some(cursor);
        let shown = self.show.snapshot(cursor, reason, &data["user"]);
        shown.map(|()| None).or_else(closed)
    }

    /// Shows a change, unless it was shown before; [`Next::Done`] where it was awaited.
    pub(super) fn change(&mut self, data: &Value) -> Result<Option<Next>, TailError> {
        let Some(cursor) = cursor(data) else { return Ok(None) };
        if self.is_old(cursor) {
            return Ok(None);
        }
        self.cursor = Some(cursor);
        let shown = self.show.change(data);
        shown.map(|awaited| awaited.then_some(Next::Done)).or_else(closed)
    }

    fn is_old(&self, cursor: Cursor) -> bool {
        self.cursor.is_some_and(|seen| seen.epoch == cursor.epoch && seen.version >= cursor.version)
    }
}

/// A cursor of an answer.
pub(super) fn cursor(data: &Value) -> Option<Cursor> {
    data["cursor"].as_str().and_then(|cursor| cursor.parse().ok())
}

/// Nobody reads any more, which is as good an end as any; or the output fails.
fn closed(error: std::io::Error) -> Result<Option<Next>, TailError> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(Some(Next::Done)),
        _ => Err(TailError::Output(error)),
    }
}

/// What an answer other than the expected means: a refusal is final, anything else may pass.
pub(super) async fn refused(response: Response) -> Result<Next, TailError> {
    let wait =
        response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let refused = Refused::read(response).await;
    match refused.status.as_u16() {
        401 | 403 => Err(TailError::Refused(refused.to_string())),
        400 | 422 => Err(TailError::Ended(refused.to_string())),
        _ => Ok(Next::Broken {
            cause: refused.to_string(),
            hint: Duration::from_secs(wait.unwrap_or_default()),
        }),
    }
}

/// Something that broke without a word.
pub(super) fn broken(cause: impl Into<String>) -> Next {
    Next::Broken { cause: cause.into(), hint: Duration::ZERO }
}
