//! The verification as programs use it.

use super::caller::User;
use super::client::languages;
use super::json::Json;
use super::problem::{Problem, seconds};
use super::services::Services;
use crate::model::OpaqueToken;
use crate::verification::{LinkState, Requested};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// `{token}`, with the password where others name the address too; or `{code}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    token: Option<String>,
    password: Option<String>,
    code: Option<String>,
}

/// `POST /v1/verifications`: another mail; links in earlier ones stay good.
pub(super) async fn request(
    services: Data<Services>,
    user: User,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(match services.verification.request(&user.0.user, languages(&request)).await? {
        Requested::Sent { expires_at, retry_after } => HttpResponse::Accepted()
            .json(json!({ "expires_at": expires_at, "retry_after": seconds(retry_after) })),
        Requested::Already => HttpResponse::Ok().json(json!({ "already": true })),
    })
}

/// `GET /v1/verifications/{token}`: where a link stands. Changes nothing.
pub(super) async fn status(
    services: Data<Services>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let link = services.verification.status(&OpaqueToken::presented(&token)).await?;
    let body = json!({
        "status": word(link.state),
        "email_hint": link.email.map(|email| email.hint()),
        "expires_at": link.expires_at,
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// `POST /v1/verifications/confirm`: a link's token by anybody who has it, or a code by the user.
pub(super) async fn confirm(
    services: Data<Services>,
    request: HttpRequest,
    body: Json<Proof>,
) -> Result<HttpResponse, Problem> {
    let confirmation = match body.0 {
        Proof { token: Some(token), password, code: None } => {
            services
                .verification
                .confirm(&OpaqueToken::presented(&token), password.as_deref())
                .await?
        }
        Proof { token: None, password: None, code: Some(code) } => {
            let user = User::extract(&request).await?;
            services.verification.confirm_code(&user.0.user, &code).await?
        }
        _ => return Err(Problem::unprocessable("bad_member", "send either a token or a code")),
    };
    Ok(HttpResponse::Ok().json(json!({ "email_verified": true, "already": confirmation.already })))
}

fn word(state: LinkState) -> &'static str {
    match state {
        LinkState::Pending => "pending",
        LinkState::Verified => "verified",
        LinkState::Expired => "expired",
    }
}
