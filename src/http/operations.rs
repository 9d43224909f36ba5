//! What operators and their programs ask.

use super::services::Services;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::Data;
use serde_json::json;

/// `GET /healthz`: 200 while the process lives; asks nothing of anybody.
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: 200 where every dependency does its work, 503 where one does not or the process
/// is draining.
pub(super) async fn ready(services: Data<Services>) -> HttpResponse {
    let dependencies = (services.readiness)().await;
    let ready = dependencies.iter().all(|dependency| dependency.ready);
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    if !ready {
        response.insert_header((RETRY_AFTER, "1"));
    }
    let status = if ready { "ready" } else { "not_ready" };
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "status": status, "dependencies": dependencies }))
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(services: Data<Services>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body((services.metrics)())
}
