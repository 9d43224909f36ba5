//! Forgotten and changed passwords, and the end of an account by its owner.

use super::around::request_id;
use super::caller::{Asked, User};
use super::client::languages;
use super::cookie;
use super::json::Json;
use super::problem::Problem;
use super::services::Services;
use crate::model::OpaqueToken;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// `{email}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    email: String,
}

/// `{token, password}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    token: String,
    password: String,
}

/// `{current_password, password}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    current_password: String,
    password: String,
}

/// `{password}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    password: String,
}

/// `POST /v1/password-resets`: mails a link to whoever has verified the address. The answer is the
/// same for every address, known or not.
pub(super) async fn ask(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Forgotten>,
) -> Result<HttpResponse, Problem> {
    let client = services.settings.proxies.describe(&request);
    services.accounts.ask_reset(&body.0.email, client).await?;
    Ok(HttpResponse::Accepted().json(json!({ "status": "check_your_email" })))
}

/// `POST /v1/password-resets/confirm`: the new password, by the token of a mailed link. Ends every
/// session of the account, and begins none.
pub(super) async fn reset(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Reset>,
) -> Result<HttpResponse, Problem> {
    let Json(Reset { token, password }) = body;
    let link = OpaqueToken::presented(&token);
    let (languages, id) = (languages(&request), request_id(&request));
    services.accounts.reset_password(&link, &password, languages, id).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "password_changed" })))
}

/// `PUT /v1/me/password`: another password, by somebody who knows the present one. Every other
/// session ends.
pub(super) async fn change(
    services: Data<Services>,
    request: HttpRequest,
    asked: Asked<User, Change>,
) -> Result<HttpResponse, Problem> {
    let Asked(user, Change { current_password, password }) = asked;
    let languages = languages(&request);
    services.accounts.change_password(&user.0, &current_password, &password, languages).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/me/deletion`: the end of the caller's account and of all that is kept of it. A POST
/// with the password in it, since some proxies drop the body of a DELETE.
pub(super) async fn leave(
    services: Data<Services>,
    request: HttpRequest,
    asked: Asked<User, Leave>,
) -> Result<HttpResponse, Problem> {
    let Asked(user, Leave { password }) = asked;
    services.accounts.leave(&user.0, &password, languages(&request)).await?;
    Ok(HttpResponse::NoContent().cookie(cookie::clear(&services.settings.public_url)).finish())
}
