use super::json::Json;
use super::problem::Problem;
use super::services::Services;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// `{email, password}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    email: String,
    password: String,
}

/// `POST /v1/users`: signs somebody up. The answer is the same for every address, known or not.
pub(super) async fn sign_up(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Body>,
) -> Result<HttpResponse, Problem> {
    let Json(Body { email, password }) = body;
    let client = services.settings.proxies.describe(&request);
    services.accounts.sign_up(&email, &password, client).await?;
    Ok(HttpResponse::Accepted().json(json!({ "status": "check_your_email" })))
}
