//! The route table, and what HTTP asks and answers.

mod answered;
mod around;
mod caller;
pub mod client;
mod cookie;
mod cors;
mod cross_site;
mod docs;
mod etag;
mod events;
mod form;
mod inbox;
mod json;
mod jwks;
mod listen;
mod looked;
mod me;
mod openapi;
mod operations;
pub mod pages;
mod passwords;
mod plain;
pub mod poll;
mod problem;
mod query;
mod refuse;
mod reset;
mod services;
mod sessions;
mod sign_up;
pub mod stream;
mod turn;
mod users;
mod verifications;
mod verify;

pub use answered::Answered;
pub use around::around;
pub use cors::cors;
pub use plain::{POLL, STREAM, is_plain, plain};
pub use problem::Problem;
pub use refuse::refuse;
pub use services::{Dependency, InboxReader, Readiness, Services, Settings};
pub use turn::Turn;

use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, ServiceConfig, delete, post, put, resource};
use actix_web::{HttpRequest, HttpResponse, ResponseError, Route};
use bytes::Bytes;
use std::future::ready;

/// What of the API is offered on a listener.
#[derive(Debug, Clone, Copy)]
pub struct Offered {
    /// Sign-up, log-in, and passwords; not where another system owns the accounts.
    pub accounts: bool,
    /// What users and backends call.
    pub users: bool,
    /// What operators look at.
    pub operators: bool,
}

/// The routes of a listener.
pub fn routes(config: &mut ServiceConfig, offered: Offered) {
    let document = Bytes::from(openapi::document(offered.accounts).to_string());
    if offered.users {
        busiest(config);
    }
    config
        .service(resource("/healthz").route(get().to(operations::health)))
        .service(resource("/readyz").route(get().to(operations::ready)))
        .service(resource("/.well-known/jwks.json").route(get().to(jwks::keys)))
        .service(
            resource("/openapi.json")
                .route(get().to(move || ready(openapi::answer(document.clone())))),
        );
    if offered.operators {
        config
            .service(resource("/metrics").route(get().to(operations::metrics)))
            .service(resource("/docs").route(get().to(docs::enter)))
            .service(resource("/docs/{file:.*}").route(get().to(docs::file)));
    }
    if offered.users && offered.accounts {
        accounts(config);
    }
    if offered.users {
        callers(config, offered.accounts);
        backends(config, offered.accounts);
    }
    config.default_service(web::to(nothing_here));
}

/// What is called most, before all else: a request is compared with one route after the other.
fn busiest(config: &mut ServiceConfig) {
    config
        .service(resource(STREAM).route(get().to(listen::stream)))
        .service(resource(POLL).route(get().to(listen::poll)))
        .service(resource("/v1/users/{id}/events").route(post().to(events::publish)));
}

/// The built-in accounts.
fn accounts(config: &mut ServiceConfig) {
    config
        .service(resource("/v1/sessions/refresh").route(post().to(sessions::refresh)))
        .service(resource("/v1/password-resets").route(post().to(passwords::ask)))
        .service(resource("/v1/password-resets/confirm").route(post().to(passwords::reset)))
        .service(resource("/v1/me/password").route(put().to(passwords::change)))
        .service(resource("/v1/me/deletion").route(post().to(passwords::leave)))
        .service(resource("/reset").route(get().to(reset::ask_page)).route(post().to(reset::ask)))
        .service(
            resource("/reset/{token}").route(get().to(reset::page)).route(post().to(reset::reset)),
        );
}

/// What everybody with a credential or a link calls.
fn callers(config: &mut ServiceConfig, accounts: bool) {
    let sessions = resource("/v1/sessions")
        .route(get().to(sessions::list))
        .route(delete().to(sessions::end_all));
    let sessions = if accounts { sessions.route(post().to(sessions::log_in)) } else { sessions };
    config
        .service(sessions)
        .service(resource("/v1/sessions/current").route(delete().to(sessions::end_current)))
        .service(resource("/v1/sessions/{id}").route(delete().to(sessions::end_one)))
        .service(resource("/v1/me").route(get().to(me::me)))
        .service(resource("/v1/me/changes").route(get().to(me::changes)))
        .service(resource("/v1/stream-tickets").route(post().to(me::ticket)))
        .service(resource("/v1/verifications").route(post().to(verifications::request)))
        .service(resource("/v1/verifications/confirm").route(post().to(verifications::confirm)))
        .service(resource("/v1/verifications/{token}").route(get().to(verifications::status)))
        .service(
            resource("/verify/{token}")
                .route(get().to(verify::page))
                .route(post().to(verify::click)),
        )
        .service(resource("/verify/{token}/deny").route(post().to(verify::deny)))
        .service(resource("/dev/inbox").route(get().to(inbox::page)))
        .service(resource("/dev/inbox.json").route(get().to(inbox::list)))
        .service(resource("/accent/{file}").route(get().to(accent)))
        .service(resource("/{file:[a-z0-9_.-]*}").route(get().to(file)));
}

/// What an application's backend calls.
fn backends(config: &mut ServiceConfig, accounts: bool) {
    let list = resource("/v1/users").route(get().to(users::list));
    let list = if accounts { list.route(post().to(sign_up::sign_up)) } else { list };
    config
        .service(list)
        .service(
            resource("/v1/users/{id}")
                .route(get().to(users::get))
                .route(put().to(users::put))
                .route(delete().to(users::delete)),
        )
        .service(resource("/v1/events").route(post().to(events::publish_all)))
        .service(resource("/v1/users/{id}/verifications").route(post().to(users::verify)))
        .service(
            resource("/v1/users/{id}/connections")
                .route(get().to(users::connections))
                .route(delete().to(users::disconnect)),
        );
}

/// GET, and HEAD, which is answered like it without the body.
fn get() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// A file of the first page.
async fn file(path: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let file = pages::asset(&path, request.headers());
    file.unwrap_or_else(|| Problem::not_found("there is nothing here").error_response())
}

/// `GET /accent/{colour}.css`: a tenant's colour, laid over the style sheet of all pages. In a file of
/// its own, as no page may have inline styles, and with the colour in its name, so that it is the same
/// for everybody.
async fn accent(path: web::Path<String>) -> HttpResponse {
    let colour = path.strip_suffix(".css").and_then(|colour| colour.parse().ok());
    let sheet = colour.map(pages::accent_sheet);
    sheet.unwrap_or_else(|| Problem::not_found("there is no such colour").error_response())
}

async fn nothing_here() -> HttpResponse {
    Problem::not_found("there is nothing here").error_response()
}
