use super::services::Services;
use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
    RETRY_AFTER, VARY,
};
use std::sync::Arc;

/// How long a browser may go by what a preflight told it, in seconds; Chromium takes two hours at
/// most.
const MAX_AGE: usize = 7200;

/// Lets the pages of the allowed client URLs call us with credentials, and nobody else's: those of the
/// service, and those that any tenant has now. Whose cookie such a page may bring is for
/// `cross_site` to say.
///
/// Origins are compared letter by letter, as a browser spells them (RFC 6454 §6.2).
pub fn cors(services: &Services) -> Cors {
    let tenants = Arc::clone(&services.tenants);
    let mut cors = Cors::default()
        .supports_credentials()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
        .allowed_headers(["idempotency-key", "last-event-id", "prefer", "x-request-id"].map(name))
        .expose_headers([ETAG, RETRY_AFTER])
        .expose_headers(["x-request-id"].map(name))
        .allowed_origin_fn(move |origin, _| {
            origin.to_str().is_ok_and(|origin| tenants.have_page(origin))
        })
        .max_age(MAX_AGE);
    for url in &services.settings.client_urls {
        cors = cors.allowed_origin(&url.origin().ascii_serialization());
    }
    cors
}

/// Leaves nothing of it in an answer to an origin that is not allowed: the middleware says that
/// credentials may be sent, and by whom not. Where there are no client URLs at all, no answer speaks
/// of origins.
pub(super) fn tidy(headers: &mut HeaderMap, services: Option<&Services>) {
    if !services.is_some_and(has_pages) {
        headers.remove(VARY);
    }
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    }
}

/// The same in an answer to a request that names no origin: one that names an allowed page is told more.
pub(super) fn nowhere(headers: &mut HeaderMap, services: &Services) {
    if has_pages(services) {
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
}

fn has_pages(services: &Services) -> bool {
    !services.settings.client_urls.is_empty() || services.tenants.have_pages()
}

fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}
