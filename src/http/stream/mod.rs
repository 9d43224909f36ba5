//! `GET /v1/stream`: the user's state now, then each change as it happens.

mod body;
mod goodbye;
#[cfg(test)]
mod tests;

pub use goodbye::Goodbye;

use crate::feed::{Feed, Listener, Transport, Welcome};
use crate::http::query;
use crate::model::{Cursor, Micros};
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder};
use body::Body;
use futures_util::stream::once;
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How often a stream beats, and how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two heartbeats.
    pub heartbeat: Duration,
    /// The most a stream lasts; each ends at a moment drawn from the last fifth of it, so that
    /// streams that were opened together are not reopened together.
    pub max_age: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(15), max_age: Duration::from_hours(1) }
    }
}

/// Opens a stream for a caller who is who it says.
///
/// ```text
/// retry: 2716                            in the first event, drawn from 1000 to 4000
/// id: k3f9w2qa.42                        the cursor; sent back as Last-Event-ID
/// event: snapshot
/// data: {"cursor":"k3f9w2qa.42","reason":"connected","user":{…}}
/// ```
///
/// Then, as [HTML §9.2] has it: each change under its type, a `heartbeat` every 15 s, and as the last
/// event a `goodbye` that says why. A user who is not there is made by `welcome`. `expires_at` is when a token or ticket expires; `None` for a
/// cookie, whose stream lasts as long as the session.
///
/// Always 200: an `EventSource` that meets a 429, 503, or 204 never comes back, so a full node and a
/// database that is away are told by a `goodbye` too. The head waits for no row that is not at hand.
///
/// [HTML §9.2]: https://html.spec.whatwg.org/multipage/server-sent-events.html
pub fn respond(
    feed: &Arc<Feed>,
    listener: Listener,
    welcome: Option<Welcome>,
    expires_at: Option<Micros>,
    pace: Pace,
    head: &RequestHead,
) -> HttpResponse {
    let mut response = begun();
    if head.method == Method::HEAD {
        return response.finish();
    }
    match feed.join(listener, Transport::Stream, resume(head)) {
        Ok(subscription) => {
            let subscription = subscription.or_welcome(welcome);
            response.streaming(Body::new(subscription, expires_at, pace))
        }
        Err(refused) => refuse(refused.into()),
    }
}

/// A stream that says goodbye at once, for who cannot be served now and should not be lost.
pub fn refuse(goodbye: Goodbye) -> HttpResponse {
    begun().streaming(once(ready(Ok::<_, Infallible>(goodbye.event()))))
}

fn begun() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type(russe::MEDIA_TYPE_STR)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((X_ACCEL_BUFFERING, "no"))
        // A connection that outlives its stream would be one that a node about to stop closes in the
        // instant in which a proxy writes to it.
        .force_close();
    response
}

/// Where the reader left off. Garbage counts as nothing: its reader gets a snapshot.
fn resume(head: &RequestHead) -> Option<Cursor> {
    let header = head.headers.get(&LAST_EVENT_ID).filter(|value| !value.is_empty());
    if let Some(header) = header {
        return header.to_str().ok()?.trim().parse().ok();
    }
    let (_, id) =
        query::pairs(head).find(|(name, _)| name == "last_event_id" || name == "lastEventId")?;
    id.parse().ok()
}
