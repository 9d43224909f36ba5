//! Streams and polls: who listens, for how long, and what is answered where a poll cannot be.

use super::caller::Listener;
use super::poll::{self, PollError};
use super::problem::Problem;
use super::services::Services;
use super::stream::{self, Goodbye};
use crate::accounts::Caller;
use crate::feed;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::time::Duration;

/// How soon a poll that found no place may try again.
const FULL: Duration = Duration::from_secs(5);

/// `GET /v1/stream`; see [`stream::respond`]. A credential that cannot be checked now is no bad one:
/// its `EventSource` is told to come back, as a 503 would end it for good.
pub(super) async fn stream(
    services: Data<Services>,
    user: Result<Listener, Problem>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = match user {
        Ok(Listener(caller)) => caller,
        Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => {
            return Ok(stream::refuse(Goodbye::Unavailable));
        }
        Err(problem) => return Err(problem),
    };
    let (expires_at, pace) = (caller.expires_at, services.settings.pace);
    Ok(stream::respond(&services.feed, listener(caller), expires_at, pace, &request))
}

/// `GET /v1/poll`; see [`poll::poll`].
pub(super) async fn poll(
    services: Data<Services>,
    user: Listener,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let expires_at = user.0.expires_at;
    Ok(poll::poll(&services.feed, listener(user.0), expires_at, &request).await?)
}

fn listener(caller: Caller) -> feed::Listener {
    let Caller { user, session, issued_at, signed_by, .. } = caller;
    feed::Listener { user, session, issued_at, signed_by }
}

impl From<PollError> for Problem {
    fn from(error: PollError) -> Self {
        match error {
            PollError::BadCursor => Self::bad("bad_cursor", error),
            PollError::BadWait => Self::bad("bad_parameter", error),
            PollError::TooMany(_) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_polls", error).after(FULL)
            }
            PollError::Overloaded => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", error).after(FULL)
            }
            PollError::Unavailable => Self::unavailable(error),
            PollError::Ended => Self::new(StatusCode::UNAUTHORIZED, "invalid_token", error),
        }
    }
}
