//! The refusals that come before any handler.

use super::problem::Problem;
use super::services::Services;
use super::{cross_site, query};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, ResponseError};

/// Query parameters in which people put access tokens.
const TOKEN_PARAMETERS: [&str; 4] = ["token", "access_token", "jwt", "authorization"];

/// The most that a request's headers may hold, names and values, in bytes; actix itself would take
/// 128 KiB.
const MAX_HEADERS: usize = 16 * 1024;

/// Refuses a request, or hands it on.
///
/// # Errors
///
/// Only what comes from within.
pub async fn refuse<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match refused(request.request()) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

/// What is refused before any handler looks at it.
fn refused(request: &HttpRequest) -> Result<(), Problem> {
    // As the routes see it: `/%761/me` is one of them too.
    misfit(request.head(), request.match_info().as_str())?;
    let services = request.app_data::<Data<Services>>();
    services.map_or(Ok(()), |services| {
        cross_site::check(request, &services.settings, &services.tenants)
    })
}

/// Of that, what a request's head is refused for, whoever sent it.
pub(super) fn misfit(head: &RequestHead, path: &str) -> Result<(), Problem> {
    let length = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    if head.headers.iter().map(length).sum::<usize>() > MAX_HEADERS {
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            "the headers are larger than 16 KiB",
        ));
    }
    if path.starts_with("/v1/") && query::has_any(head, &TOKEN_PARAMETERS) {
        let detail = "an access token in the address ends up in logs: send it as Authorization: Bearer, \
            or get a ticket from POST /v1/stream-tickets and send ?ticket=";
        return Err(Problem::bad("token_in_query", detail));
    }
    Ok(())
}
