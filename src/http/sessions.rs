//! Log-in, refresh, and the list of sessions with the ways to end them.

use super::caller::User;
use super::json::Json;
use super::problem::{Problem, unavailable};
use super::services::Services;
use super::{caller, client, cookie};
use crate::accounts::{ACCESS_TTL, Caller, Device, Granted, Presented, Renewal};
use crate::model::{OpaqueToken, SessionId};
use actix_web::http::header::{CACHE_CONTROL, USER_AGENT};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

/// `{email, password}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    email: String,
    password: String,
}

/// `{refresh_token}`, or `{}` with the cookie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    refresh_token: Option<String>,
}

/// `POST /v1/sessions`: logs in, verified or not, and sets the cookie.
pub(super) async fn log_in(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Json(Credentials { email, password }) = body;
    let client = client::network(services.settings.proxies.client(request.head()));
    let agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (granted, token) = services.accounts.log_in(&email, &password, &client, agent).await?;
    let cookie = cookie::set(&token, &services.settings.public_url);
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .cookie(cookie)
        .json(grant(&granted)))
}

/// `POST /v1/sessions/refresh`: new tokens for a refresh token, which works once, or for the cookie.
pub(super) async fn refresh(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Refresh>,
) -> Result<HttpResponse, Problem> {
    let renewal = if let Some(token) = body.0.refresh_token {
        Renewal::Token(OpaqueToken::presented(&token))
    } else {
        Renewal::Cookie(own_session(&services, &request).await?)
    };
    let granted = services.accounts.refresh(renewal).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(grant(&granted)))
}

/// `GET /v1/sessions`: where the caller is logged in.
pub(super) async fn list(services: Data<Services>, user: User) -> Result<HttpResponse, Problem> {
    let devices = services.accounts.sessions(&user.0).await.map_err(|error| unavailable(&error))?;
    let sessions: Vec<Value> = devices.iter().map(shown).collect();
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "sessions": sessions })))
}

/// `DELETE /v1/sessions/current`: logs this session out.
pub(super) async fn end_current(
    services: Data<Services>,
    user: User,
) -> Result<HttpResponse, Problem> {
    services.accounts.log_out(&user.0).await?;
    Ok(ended(&services, true))
}

/// `DELETE /v1/sessions/{id}`: logs one of the caller's sessions out.
pub(super) async fn end_one(
    services: Data<Services>,
    user: User,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let session =
        id.parse().map(SessionId).map_err(|_| Problem::not_found("there is no such session"))?;
    services.accounts.log_out_of(&user.0, session).await?;
    Ok(ended(&services, is_own(&user.0, session)))
}

/// `DELETE /v1/sessions`: logs the caller out everywhere, this token included.
pub(super) async fn end_all(services: Data<Services>, user: User) -> Result<HttpResponse, Problem> {
    services.accounts.log_out_everywhere(&user.0).await?;
    Ok(ended(&services, true))
}

/// The session of the cookie.
async fn own_session(services: &Services, request: &HttpRequest) -> Result<SessionId, Problem> {
    let presented = caller::presented(request.head(), services, false);
    let by_cookie = matches!(presented, Presented::Cookie(_) | Presented::Nothing);
    let caller = services.accounts.user(presented).await?;
    caller.session.filter(|_| by_cookie).ok_or_else(|| {
        let detail = "a refresh without the cookie needs the refresh_token";
        Problem::unprocessable("bad_member", detail)
    })
}

fn is_own(caller: &Caller, session: SessionId) -> bool {
    caller.session == Some(session)
}

fn ended(services: &Services, own: bool) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if own {
        response.cookie(cookie::clear(&services.settings.public_url));
    }
    response.finish()
}

fn grant(granted: &Granted) -> Value {
    json!({
        "access_token": granted.access_token.reveal(),
        "token_type": "Bearer",
        "expires_in": ACCESS_TTL.as_secs(),
        "refresh_token": granted.refresh_token.reveal(),
        "user": granted.user,
    })
}

fn shown(device: &Device) -> Value {
    json!({
        "id": device.session.id,
        "created_at": device.session.created_at,
        "last_seen_at": device.session.last_seen_at,
        "user_agent": device.session.user_agent,
        "live_streams": device.live_streams,
        "current": device.current,
    })
}
