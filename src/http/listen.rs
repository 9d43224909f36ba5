//! Streams and polls: who listens, for how long, and what is answered where a poll cannot be.

use super::caller::Listener;
use super::poll::{self, Ask, PollError};
use super::problem::Problem;
use super::services::Services;
use super::stream::{self, Goodbye};
use crate::accounts::{Caller, Newcomer};
use crate::feed::{self, HistoryUnavailable, Welcome};
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::TryFutureExt;
use std::time::Duration;

/// How soon a poll that found no place may try again.
const FULL: Duration = Duration::from_secs(5);

/// `GET /v1/stream`.
pub(super) async fn stream(
    services: Data<Services>,
    user: Result<Listener, Problem>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    open(&services, user, request.head())
}

/// `GET /v1/poll`.
pub(super) async fn poll(
    services: Data<Services>,
    user: Listener,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    wait(&services, user, Ask::read(request.head())?).await
}

/// Opens a stream; see [`stream::respond`]. A credential that cannot be checked now is no bad one: its
/// `EventSource` is told to come back, as a 503 would end it for good.
pub(super) fn open(
    services: &Data<Services>,
    user: Result<Listener, Problem>,
    head: &RequestHead,
) -> Result<HttpResponse, Problem> {
    let Listener { caller, newcomer, .. } = match user {
        Ok(listener) => listener,
        Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => {
            return Ok(stream::refuse(Goodbye::Unavailable));
        }
        Err(problem) => return Err(problem),
    };
    let (expires_at, pace) = (caller.expires_at, services.settings.pace);
    let welcome = welcome(services, newcomer);
    Ok(stream::respond(&services.feed, listener(caller), welcome, expires_at, pace, head))
}

/// Answers a poll; see [`poll::poll`].
pub(super) fn wait(
    services: &Data<Services>,
    user: Listener,
    ask: Ask,
) -> impl Future<Output = Result<HttpResponse, Problem>> + use<> {
    let Listener { caller, newcomer, .. } = user;
    let (expires_at, welcome) = (caller.expires_at, welcome(services, newcomer));
    poll::poll(&services.feed, listener(caller), welcome, expires_at, ask).err_into()
}

/// Has a newcomer made where the first read does not find it: looked for before, it would be read twice.
fn welcome(services: &Data<Services>, newcomer: Option<Newcomer>) -> Option<Welcome> {
    let newcomer = newcomer?;
    let services = services.clone();
    Some(Box::pin(async move {
        services.accounts.welcome(newcomer).await.map_err(|error| {
            tracing::debug!(error = ?error, "a new user could not be made");
            HistoryUnavailable
        })
    }))
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
