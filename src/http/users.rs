//! A tenant's users as its backend brings, reads, and removes them.

use super::caller::{Asked, Publisher};
use super::client::languages;
use super::problem::{Problem, unavailable};
use super::services::Services;
use super::{etag, query};
use crate::accounts::Backend;
use crate::model::{EmailAddress, IdempotencyKey, UserRef};
use crate::publishing::Said;
use crate::verification::Issue;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// The most users of a page.
const PAGE: usize = 100;

/// `GET /v1/users`: the tenant's users, a page at a time, or those who name an address.
pub(super) async fn list(
    services: Data<Services>,
    backend: Publisher,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let limit = query::number(request.head(), "limit", &(1..=PAGE))?.unwrap_or(PAGE);
    let email = query::value(request.head(), "email").map(|email| EmailAddress::parse(&email));
    let email = email.transpose().map_err(|error| Problem::bad("bad_parameter", error))?;
    let after = query::value(request.head(), "after").map(|id| id.parse()).transpose();
    let after = after.map_err(|error| Problem::bad("bad_parameter", error))?;
    let users = services.publishing.users(&backend.0.tenant, email, after, limit).await;
    let (users, next) = users.map_err(|error| unavailable(&error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "users": users, "next": next })))
}

/// `PUT /v1/users/{id}`: makes a user what the body says; 201 where it was not there.
pub(super) async fn put(
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
    Asked(backend, said): Asked<Publisher, Said>,
) -> Result<HttpResponse, Problem> {
    let user = id.parse().map_err(|error| Problem::unprocessable("bad_id", error))?;
    let by = backend.0.by();
    let user = UserRef { tenant: backend.0.tenant, id: user };
    let (wanted, key) = (etag::wanted(&request), key(&request)?);
    let languages = languages(&request);
    let (created, user) =
        services.publishing.put_user(&user, said, wanted, key, languages, by).await?;
    let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.insert_header((ETAG, etag::of(user.cursor))).json(user))
}

/// `GET /v1/users/{id}`: the document, with its cursor as the `ETag`.
pub(super) async fn get(
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
    backend: Publisher,
) -> Result<HttpResponse, Problem> {
    let user = services.publishing.user(&named(backend.0, &id)?).await;
    let user = user.map_err(|error| unavailable(&error))?.ok_or_else(unknown)?;
    Ok(etag::document(&request, &user))
}

/// `DELETE /v1/users/{id}`: removes a user; its streams end with `user_deleted`.
pub(super) async fn delete(
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
    backend: Publisher,
) -> Result<HttpResponse, Problem> {
    let (by, wanted) = (backend.0.by(), etag::wanted(&request));
    services.publishing.delete_user(&named(backend.0, &id)?, wanted, by).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `{deliver}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    deliver: bool,
}

/// `POST /v1/users/{id}/verifications`: a link and a code for the user's address, mailed or handed
/// over for a mail of the application's own.
pub(super) async fn verify(
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
    Asked(backend, wanted): Asked<Publisher, Verify>,
) -> Result<HttpResponse, Problem> {
    let by = backend.0.by();
    let (user, key) = (named(backend.0, &id)?, key(&request)?);
    let languages = languages(&request);
    let mut created = HttpResponse::Created();
    created.insert_header((CACHE_CONTROL, "no-store"));
    Ok(match services.verification.issue(&user, wanted.deliver, key, languages, by).await? {
        Issue::Delivered(expires_at) => created.json(json!({ "expires_at": expires_at })),
        Issue::Handed { link, code, expires_at } => {
            let base = services.settings.public_url.as_str().trim_end_matches('/');
            let link = format!("{base}/verify/{}", link.reveal());
            created.json(json!({ "link": link, "code": code.reveal(), "expires_at": expires_at }))
        }
        Issue::Already => HttpResponse::Ok().json(json!({ "already": true })),
    })
}

/// `GET /v1/users/{id}/connections`: what of the user's is open, at any node.
pub(super) async fn connections(
    services: Data<Services>,
    id: Path<String>,
    backend: Publisher,
) -> Result<HttpResponse, Problem> {
    let connections = services.publishing.connections(&named(backend.0, &id)?).await;
    let connections = connections.map_err(|error| unavailable(&error))?.ok_or_else(unknown)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(connections))
}

/// `DELETE /v1/users/{id}/connections`: ends them, each with `disconnected`.
pub(super) async fn disconnect(
    services: Data<Services>,
    id: Path<String>,
    backend: Publisher,
) -> Result<HttpResponse, Problem> {
    let by = backend.0.by();
    let found = services.publishing.disconnect(&named(backend.0, &id)?, by).await;
    if found.map_err(|error| unavailable(&error))? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(unknown())
    }
}

/// The user of the backend's tenant that a path names.
pub(super) fn named(backend: Backend, id: &str) -> Result<UserRef, Problem> {
    let id = id.parse().map_err(|_| unknown())?;
    Ok(UserRef { tenant: backend.tenant, id })
}

/// The key of a call that is to be carried out once.
pub(super) fn key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Problem> {
    let header = request.headers().get("idempotency-key");
    let key = header.map(|value| value.to_str().unwrap_or_default().parse());
    key.transpose().map_err(|error| Problem::bad("bad_idempotency_key", error))
}

fn unknown() -> Problem {
    Problem::not_found("there is no such user")
}
