//! The route table, and what HTTP asks and answers.

mod around;
mod caller;
pub mod client;
mod cookie;
mod cross_site;
mod etag;
mod events;
mod inbox;
mod json;
mod listen;
mod me;
mod openapi;
mod operations;
pub mod pages;
pub mod poll;
mod problem;
mod query;
mod services;
mod sessions;
mod sign_up;
pub mod stream;
mod turn;
mod verifications;
mod verify;

pub use around::around;
pub use problem::Problem;
pub use services::{Dependency, InboxReader, Readiness, Services, Settings};
pub use turn::Turn;

use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, ServiceConfig, delete, post, resource};
use actix_web::{HttpRequest, HttpResponse, ResponseError, Route};
use bytes::Bytes;
use std::future::ready;

/// The whole API. `built_in` says whether sign-up and log-in are ours or another system's.
pub fn routes(config: &mut ServiceConfig, built_in: bool) {
    let document = Bytes::from(openapi::document(built_in).to_string());
    if built_in {
        config
            .service(resource("/v1/users").route(post().to(sign_up::sign_up)))
            .service(
                resource("/v1/sessions")
                    .route(post().to(sessions::log_in))
                    .route(get().to(sessions::list))
                    .route(delete().to(sessions::end_all)),
            )
            .service(resource("/v1/sessions/refresh").route(post().to(sessions::refresh)));
    } else {
        config.service(
            resource("/v1/sessions")
                .route(get().to(sessions::list))
                .route(delete().to(sessions::end_all)),
        );
    }
    config
        .service(resource("/v1/sessions/current").route(delete().to(sessions::end_current)))
        .service(resource("/v1/sessions/{id}").route(delete().to(sessions::end_one)))
        .service(resource("/v1/me").route(get().to(me::me)))
        .service(resource("/v1/me/changes").route(get().to(me::changes)))
        .service(resource("/v1/stream-tickets").route(post().to(me::ticket)))
        .service(resource("/v1/stream").route(get().to(listen::stream)))
        .service(resource("/v1/poll").route(get().to(listen::poll)))
        .service(resource("/v1/verifications").route(post().to(verifications::request)))
        .service(resource("/v1/verifications/confirm").route(post().to(verifications::confirm)))
        .service(resource("/v1/verifications/{token}").route(get().to(verifications::status)))
        .service(resource("/v1/users/{id}/events").route(post().to(events::publish)))
        .service(
            resource("/verify/{token}")
                .route(get().to(verify::page))
                .route(post().to(verify::click)),
        )
        .service(resource("/verify/{token}/deny").route(post().to(verify::deny)))
        .service(resource("/healthz").route(get().to(operations::health)))
        .service(resource("/readyz").route(get().to(operations::ready)))
        .service(resource("/metrics").route(get().to(operations::metrics)))
        .service(
            resource("/openapi.json")
                .route(get().to(move || ready(openapi::answer(document.clone())))),
        )
        .service(resource("/dev/inbox").route(get().to(inbox::page)))
        .service(resource("/dev/inbox.json").route(get().to(inbox::list)))
        .service(resource("/{file:[a-z0-9_.-]*}").route(get().to(file)))
        .default_service(web::to(nothing_here));
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

async fn nothing_here() -> HttpResponse {
    Problem::not_found("there is nothing here").error_response()
}
