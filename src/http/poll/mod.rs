//! `GET /v1/poll`: the long poll, for whom streams do not get through.

mod ask;
#[cfg(test)]
mod tests;

pub use ask::Ask;

use crate::feed::{
    End, Feed, Frame, Item, Listener, Refused, Subscription, TooManyPolls, Transport, Welcome,
    Whole, wire,
};
use crate::http::etag;
use crate::model::{Cursor, EndingCode, Micros};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use std::future::ready;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The most changes an answer shows one by one.
const MOST_CHANGES: usize = 100;

/// Why a poll was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// `after` is not a cursor: 400 `bad_cursor`.
    #[error("after must be a cursor, as an earlier answer gave it")]
    BadCursor,
    /// `wait` is out of range: 400 `bad_parameter`.
    #[error("wait must be a whole number of seconds from 0 to 30")]
    BadWait,
    /// The user has as many parked polls as it may: 429 `too_many_polls`.
    #[error(transparent)]
    TooMany(#[from] TooManyPolls),
    /// The node is full: 503 `overloaded`.
    #[error("the node is full")]
    Overloaded,
    /// The database could not be read: 503 `unavailable`.
    #[error("the user's state cannot be read now")]
    Unavailable,
    /// The credential ended, perhaps while the poll was parked, or there is no such user: 401
    /// `invalid_token`.
    #[error("the credential has ended")]
    Ended,
}

/// Answers a poll as soon as there is something newer than the caller has, or after its wait.
///
/// The hub is joined by the call, before the row is read, so a change that is committed between two
/// polls, or between the read and the wait, is never missed. A user who is not there is made by
/// `welcome`. `expires_at` is when a token or ticket expires; a poll is answered then at the latest. A
/// backend's disconnection answers like a drain: at once, and with nothing new. Dropping the future
/// gives the place back.
///
/// # Errors
///
/// See [`PollError`].
pub fn poll(
    feed: &Arc<Feed>,
    listener: Listener,
    welcome: Option<Welcome>,
    expires_at: Option<Micros>,
    ask: Ask,
) -> impl Future<Output = Result<HttpResponse, PollError>> + use<> {
    let left = expires_at.map(|at| at.since(feed.clock().now()));
    let until = Instant::now() + left.map_or(ask.wait, |left| left.min(ask.wait));
    let mut subscription = match feed.join(listener, Transport::Poll, ask.after) {
        Ok(joined) => joined.or_welcome(welcome),
        Err(refused) => return Either::Left(ready(Err(refused.into()))),
    };
    // By no function of its own: what one is given is kept twice, for as long as a poll is parked.
    Either::Right(async move {
        let mut item = subscription.next().await;
        // The newest version of a list need not be of the present epoch, and any match counts.
        if let Item::Snapshot { user, .. } = &item
            && ask.held.contains(&user.cursor)
        {
            item = Item::Current;
        }
        if matches!(item, Item::Current) {
            if !ask.wait.is_zero() && subscription.feed().draining().is_none() {
                subscription.park()?;
            }
            match timeout_at(until, subscription.next()).await {
                Ok(next) => item = next,
                Err(_) => return Ok(nothing(subscription, &ask)),
            }
        }
        match item {
            Item::Change(frame) => changes(subscription, frame),
            Item::Snapshot { user, .. } => whole(subscription, &user),
            Item::Current | Item::Draining(_) | Item::Ended(End::Of(EndingCode::Disconnected)) => {
                Ok(nothing(subscription, &ask))
            }
            Item::Ended(_) | Item::Gone => Err(PollError::Ended),
            Item::Unavailable => Err(PollError::Unavailable),
        }
    })
}

/// Shows the first change and all that can be had after it without waiting.
fn changes(mut subscription: Subscription, first: Arc<Frame>) -> Result<HttpResponse, PollError> {
    let mut frames = vec![first];
    loop {
        match subscription.next().now_or_never() {
            Some(Item::Change(frame)) => frames.push(frame),
            Some(Item::Snapshot { user, .. }) => return whole(subscription, &user),
            Some(Item::Ended(end)) if end != End::Of(EndingCode::Disconnected) => {
                return Err(PollError::Ended);
            }
            Some(Item::Gone) => return Err(PollError::Ended),
            _ => break,
        }
        // A publisher that never rests must not keep the answer back for ever.
        if frames.len() > MOST_CHANGES {
            break;
        }
    }
    for frame in &frames {
        subscription.delivered(frame);
    }
    // Many polls of one user are woken by one change: it is written once for all of them.
    if let [only] = &*frames {
        return respond(subscription, only.cursor(), only.answer());
    }
    let changes: Vec<_> = frames.iter().map(|frame| frame.change()).collect();
    let Some(last) = changes.last() else { return Err(PollError::Unavailable) };
    let shown = changes.len() <= MOST_CHANGES;
    let answer = wire::news(&last.user, shown.then_some(&changes)).inspect_err(|error| {
        tracing::error!(%error, user.id = last.user.id, "a document cannot be written");
    });
    respond(subscription, last.cursor, answer.ok())
}

fn whole(subscription: Subscription, user: &Whole) -> Result<HttpResponse, PollError> {
    respond(subscription, user.cursor, user.answer())
}

fn respond(
    subscription: Subscription,
    cursor: Cursor,
    answer: Option<Bytes>,
) -> Result<HttpResponse, PollError> {
    let answer = answer.ok_or(PollError::Unavailable)?;
    subscription.leave("answered");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((ETAG, etag::of(cursor)))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(answer))
}

fn nothing(subscription: Subscription, ask: &Ask) -> HttpResponse {
    let status =
        if ask.is_conditional() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Some(cursor) = subscription.cursor().or(ask.after) {
        response.insert_header((ETAG, etag::of(cursor)));
    }
    subscription.leave("answered");
    response.finish()
}

impl From<Refused> for PollError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ended(_) => Self::Ended,
            Refused::Overloaded | Refused::Draining => Self::Overloaded,
        }
    }
}
