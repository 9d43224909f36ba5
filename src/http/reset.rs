//! The pages of somebody who has forgotten a password. Looking changes nothing; a button does.

use super::around::request_id;
use super::client::languages;
use super::form;
use super::looked::looked;
use super::pages::{self, ResetPage, problem_page};
use super::problem::Problem;
use super::services::Services;
use crate::accounts::{AskResetError, ResetPasswordError};
use crate::model::OpaqueToken;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

/// `GET /reset`: asks for the address.
pub(super) async fn ask_page(services: Data<Services>) -> HttpResponse {
    pages::ask_reset_page(None, &services.built_in())
}

/// `POST /reset`: mails a link to whoever has verified the address, and says the same of every one.
pub(super) async fn ask(
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let email = match form::field("email", payload).await {
        Ok(email) => email.unwrap_or_default(),
        Err(problem) => return failed(&services, &problem),
    };
    let client = services.settings.proxies.describe(&request);
    match services.accounts.ask_reset(&email, client).await {
        Ok(()) => pages::reset_asked_page(&email, &services.built_in()),
        Err(AskResetError::Email(_)) => pages::ask_reset_page(Some(&email), &services.built_in()),
        Err(error) => failed(&services, &error.into()),
    }
}

/// `GET /reset/{token}`: asks for the new password. Changes nothing, by whomever it is fetched.
pub(super) async fn page(
    services: Data<Services>,
    token: Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    looked(&request);
    match services.accounts.reset_link(&OpaqueToken::presented(&token)).await {
        Ok(email) => {
            let view = ResetPage { token: &token, email: email.as_str(), refused: None };
            pages::reset_page(&view, &services.built_in())
        }
        Err(error) => over(&services, error),
    }
}

/// `POST /reset/{token}`: the new password.
pub(super) async fn reset(
    services: Data<Services>,
    token: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let link = OpaqueToken::presented(&token);
    let password = match form::field("password", payload).await {
        Ok(password) => password.unwrap_or_default(),
        Err(problem) => return failed(&services, &problem),
    };
    let (languages, id) = (languages(&request), request_id(&request));
    match services.accounts.reset_password(&link, &password, languages, id).await {
        Ok(()) => {
            let tenant = services.built_in();
            pages::reset_done_page(services.continue_url(&tenant).as_ref(), &tenant)
        }
        Err(ResetPasswordError::Weak(reason)) => match services.accounts.reset_link(&link).await {
            Ok(email) => {
                let refused = Some(reason.to_string());
                let refused = refused.as_deref();
                let view = ResetPage { token: &token, email: email.as_str(), refused };
                pages::reset_page(&view, &services.built_in())
            }
            Err(error) => over(&services, error),
        },
        Err(error) => over(&services, error),
    }
}

fn over(services: &Services, error: ResetPasswordError) -> HttpResponse {
    match error {
        ResetPasswordError::ExpiredLink | ResetPasswordError::UsedLink => {
            pages::reset_over_page(&services.built_in())
        }
        ResetPasswordError::UnknownLink => pages::reset_unknown_page(&services.built_in()),
        error => failed(services, &error.into()),
    }
}

fn failed(services: &Services, problem: &Problem) -> HttpResponse {
    problem_page(problem.status(), problem.retry_after(), &services.built_in())
}
