//! The pages behind a link in a mail. Looking changes nothing; a button does.

use super::around::request_id;
use super::json;
use super::looked::looked;
use super::pages::{self, PasswordField, VerifiedPage, VerifyPage};
use super::problem::Problem;
use super::services::Services;
use crate::model::OpaqueToken;
use crate::verification::{ConfirmError, DenyError, LinkState, Status, StatusError};
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, REFERRER_POLICY};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Deserialize;
use serde_json::json;

/// `GET /verify/{token}`: one button. However often and by whom it is fetched, nothing changes: mail
/// scanners open every link, and some run its scripts.
pub(super) async fn page(
    services: Data<Services>,
    token: Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    looked(&request);
    let json = wants_json(&request);
    match services.verification.status(&OpaqueToken::presented(&token)).await {
        Err(error) if json => bare(Problem::from(error).error_response()),
        Ok(status) if json => bare(HttpResponse::Ok().json(json!({
            "status": match status.state {
                LinkState::Pending => "pending",
                LinkState::Verified => "verified",
                LinkState::Expired => "expired",
            },
        }))),
        Err(StatusError::UnknownLink) => pages::unknown_page(&services.built_in()),
        Err(error) => problem_page(&services, &error.into()),
        Ok(status) => match status.state {
            LinkState::Expired => pages::expired_page(&services.tenants.of(&status.tenant)),
            LinkState::Verified => verified(&services, &status, true),
            LinkState::Pending => {
                let asked = if status.needs_password {
                    PasswordField::Asked
                } else {
                    PasswordField::NotAsked
                };
                button(&services, &token, &status, asked)
            }
        },
    }
}

/// `POST /verify/{token}`: the button. A second click succeeds too, and says so.
pub(super) async fn click(
    services: Data<Services>,
    token: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let link = OpaqueToken::presented(&token);
    let json = wants_json(&request);
    let password = match password(&request, payload).await {
        Ok(password) => password,
        Err(problem) if json => return bare(problem.error_response()),
        Err(problem) => return problem_page(&services, &problem),
    };
    match services.verification.confirm(&link, password.as_deref()).await {
        Ok(confirmation) if json => bare(
            HttpResponse::Ok()
                .json(json!({ "email_verified": true, "already": confirmation.already })),
        ),
        Err(error) if json => bare(Problem::from(error).error_response()),
        Ok(confirmation) => match services.verification.status(&link).await {
            Ok(status) => verified(&services, &status, confirmation.already),
            Err(error) => problem_page(&services, &error.into()),
        },
        Err(ConfirmError::UnknownLink) => pages::unknown_page(&services.built_in()),
        Err(ConfirmError::ExpiredLink) => expired(&services, &link).await,
        Err(error @ (ConfirmError::NeedsPassword | ConfirmError::WrongPassword)) => {
            let wrong = matches!(error, ConfirmError::WrongPassword);
            let field = if wrong { PasswordField::Wrong } else { PasswordField::Asked };
            match services.verification.status(&link).await {
                Ok(status) => button(&services, &token, &status, field),
                Err(error) => problem_page(&services, &error.into()),
            }
        }
        Err(error) => problem_page(&services, &error.into()),
    }
}

/// `POST /verify/{token}/deny`: "this was not me".
pub(super) async fn deny(
    services: Data<Services>,
    token: Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let link = OpaqueToken::presented(&token);
    let shown = services.verification.status(&link).await.ok();
    let tenant = shown
        .as_ref()
        .map_or_else(|| services.built_in(), |status| services.tenants.of(&status.tenant));
    let email = shown.and_then(|status| status.email);
    let email = email.as_ref().map_or("this address", |email| email.as_str());
    let json = wants_json(&request);
    match services.verification.deny(&link, request_id(&request)).await {
        Ok(denial) if json => bare(HttpResponse::Ok().json(json!({ "removed": denial.removed }))),
        Err(error) if json => bare(Problem::from(error).error_response()),
        Ok(denial) if denial.removed => pages::removed_page(email, &tenant),
        Ok(_) => {
            let contact = tenant.contact.as_deref().or(services.settings.contact.as_deref());
            pages::left_alone_page(email, contact, &tenant)
        }
        Err(DenyError::UnknownLink) => pages::unknown_page(&tenant),
        Err(DenyError::ExpiredLink) => pages::expired_page(&tenant),
        Err(error) => problem_page(&services, &error.into()),
    }
}

fn button(
    services: &Services,
    token: &str,
    status: &Status,
    password: PasswordField,
) -> HttpResponse {
    let view = VerifyPage {
        token,
        email: status.email.as_ref().map_or("", |email| email.as_str()),
        made_at: status.account_made_at.unwrap_or_default(),
        made_from: status.device.as_deref().unwrap_or("an unknown device"),
        now: services.accounts.now(),
        password,
    };
    pages::verify_page(&view, &services.tenants.of(&status.tenant))
}

/// The page of an expired link, of which its error does not say whose it is.
async fn expired(services: &Services, link: &OpaqueToken) -> HttpResponse {
    let status = services.verification.status(link).await;
    let tenant = status.map(|status| services.tenants.of(&status.tenant));
    pages::expired_page(&tenant.unwrap_or_else(|_| services.built_in()))
}

fn verified(services: &Services, status: &Status, already: bool) -> HttpResponse {
    let email = status.email.as_ref().map_or("", |email| email.as_str());
    let tenant = services.tenants.of(&status.tenant);
    let continue_url = services.continue_url(&tenant);
    let view = VerifiedPage { email, already, continue_url: continue_url.as_ref() };
    pages::verified_page(&view, &tenant)
}

fn problem_page(services: &Services, problem: &Problem) -> HttpResponse {
    pages::problem_page(problem.status(), problem.retry_after(), &services.built_in())
}

/// The same protection for a program's answer as for a page: the token is in the address.
fn bare(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::HeaderValue;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A browser's `Accept` names HTML first; a program that wants JSON names it and no HTML.
fn wants_json(request: &HttpRequest) -> bool {
    let accept =
        request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// A program's body, which no body at all may stand for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    password: Option<String>,
}

/// The password from the page's form, or from a program's JSON.
async fn password(request: &HttpRequest, payload: Payload) -> Result<Option<String>, Problem> {
    let body = json::within_deadline(payload.into_inner(), json::MAX_BODY).await?;
    if json::is_json(request) && !body.is_empty() {
        return json::parse(&body).map(|Body { password }| password);
    }
    let pairs = url::form_urlencoded::parse(&body);
    Ok(pairs.into_iter().find(|(name, _)| name == "password").map(|(_, value)| value.into_owned()))
}
