//! The caller's own state and history, and a ticket to stream them with.

use super::caller::User;
use super::problem::{Problem, unavailable};
use super::services::Services;
use super::{etag, query};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// How many changes a page has unless told.
const PAGE: i64 = 100;

/// `GET /v1/me`: the user's document, with its cursor as the `ETag`.
pub(super) async fn me(
    services: Data<Services>,
    user: User,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(etag::document(&request, &services.accounts.me(&user.0).await?))
}

/// `GET /v1/me/changes`: what happened after a cursor, oldest first.
pub(super) async fn changes(
    services: Data<Services>,
    user: User,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let limit = query::number(request.head(), "limit", &(1..=PAGE))?.unwrap_or(PAGE);
    let (changes, cursor) =
        services.accounts.changes(&user.0, query::after(request.head())?, limit).await?;
    let body = json!({ "changes": changes, "cursor": cursor });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// `POST /v1/stream-tickets`: a ticket for an `EventSource` that can send neither cookie nor header.
pub(super) async fn ticket(services: Data<Services>, user: User) -> Result<HttpResponse, Problem> {
    let ticket =
        services.accounts.issue_ticket(&user.0).await.map_err(|error| unavailable(&error))?;
    let body = json!({ "ticket": ticket.token.reveal(), "expires_in": ticket.ttl.as_secs() });
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
