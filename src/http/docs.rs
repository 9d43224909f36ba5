//! `/docs`: the API described for people, by Swagger UI out of the binary.

use super::pages::{Page, headers};
use super::problem::Problem;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use actix_web::web::Path;
use actix_web::{HttpResponse, ResponseError};
use std::sync::Arc;
use utoipa_swagger_ui::{Config, serve};

/// `GET /docs`: to the folder, which the page's own links are relative to.
pub(super) async fn enter() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// `GET /docs/{file}`: a file of Swagger UI, set up for `/openapi.json`; asks nobody else for
/// anything.
pub(super) async fn file(path: Path<String>) -> HttpResponse {
    // The validator is a service of others that the page would show a picture of.
    let config = Config::from("/openapi.json").validator_url("none").with_credentials(true);
    let Ok(Some(file)) = serve(&path, Arc::new(config)) else {
        return Problem::not_found("there is nothing here").error_response();
    };
    let mut response = HttpResponse::Ok();
    for header in headers(Page::Docs) {
        response.insert_header(header);
    }
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    response
        .insert_header((CONTENT_TYPE, file.content_type))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(file.bytes.into_owned())
}
