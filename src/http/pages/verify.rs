use super::frame::tenants_html;
use super::when::{ago, in_words};
use crate::model::{Micros, TenantSettings};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use url::Url;

/// Whether the page asks for the account's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordField {
    /// No: nobody else signed up with this address.
    NotAsked,
    /// Yes: other accounts name the same address, and only one can have it.
    Asked,
    /// Yes, and the one just sent was wrong.
    Wrong,
}

/// What stands on the page behind a link.
#[derive(Debug, Clone, Copy)]
pub struct VerifyPage<'a> {
    /// The link's token, for the address of the second form.
    pub token: &'a str,
    /// Which address the button confirms.
    pub email: &'a str,
    /// When the account was made.
    pub made_at: Micros,
    /// From what kind of device, in the words of [`device()`](super::device()).
    pub made_from: &'a str,
    /// The present instant.
    pub now: Micros,
    /// Whether a password is asked for; it is sent as the form's `password`.
    pub password: PasswordField,
}

/// What stands on the page after the button.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedPage<'a> {
    /// The address that is verified.
    pub email: &'a str,
    /// Whether it was so before this click.
    pub already: bool,
    /// The application to go on to.
    pub continue_url: Option<&'a Url>,
}

/// `GET /verify/{token}`: one button, and 200; 422 where a password was wrong.
///
/// Two forms, and nothing that submits them: a mail scanner that opens the link, and even one that
/// runs scripts, changes nothing.
pub fn verify_page(view: &VerifyPage<'_>, tenant: &TenantSettings) -> HttpResponse {
    let status = match view.password {
        PasswordField::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
        PasswordField::NotAsked | PasswordField::Asked => StatusCode::OK,
    };
    let template = Verify {
        view,
        made_at: in_words(view.made_at),
        made_ago: ago(view.made_at, view.now),
        asks: view.password != PasswordField::NotAsked,
        wrong: view.password == PasswordField::Wrong,
    };
    tenants_html(status, tenant, &template)
}

/// `POST /verify/{token}`, 200: the address is verified, by this click or an earlier one.
pub fn verified_page(view: &VerifiedPage<'_>, tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::OK, tenant, &Verified { view, host: host(view.continue_url) })
}

/// The name by which people know where a link leads.
pub(super) fn host(url: Option<&Url>) -> Option<&str> {
    url.and_then(Url::host_str)
}

/// 410: the link is too old; says how to get another.
pub fn expired_page(tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::GONE, tenant, &Expired)
}

/// 404: no such link; most likely a part of it was lost on the way.
pub fn unknown_page(tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::NOT_FOUND, tenant, &Unknown)
}

/// `POST /verify/{token}/deny`, 200: the account that named `email` is removed.
pub fn removed_page(email: &str, tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::OK, tenant, &Removed { email })
}

/// `POST /verify/{token}/deny`, 200: `email` is verified, so nothing was removed; `contact` is the
/// address of somebody to ask, where one is known.
pub fn left_alone_page(
    email: &str,
    contact: Option<&str>,
    tenant: &TenantSettings,
) -> HttpResponse {
    tenants_html(StatusCode::OK, tenant, &LeftAlone { email, contact })
}

#[derive(Template)]
#[template(path = "verify.html", config = "src/http/pages/askama.toml")]
struct Verify<'a> {
    view: &'a VerifyPage<'a>,
    made_at: String,
    made_ago: String,
    asks: bool,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "verified.html", config = "src/http/pages/askama.toml")]
struct Verified<'a> {
    view: &'a VerifiedPage<'a>,
    host: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "expired.html", config = "src/http/pages/askama.toml")]
struct Expired;

#[derive(Template)]
#[template(path = "unknown.html", config = "src/http/pages/askama.toml")]
struct Unknown;

#[derive(Template)]
#[template(path = "removed.html", config = "src/http/pages/askama.toml")]
struct Removed<'a> {
    email: &'a str,
}

#[derive(Template)]
#[template(path = "left_alone.html", config = "src/http/pages/askama.toml")]
struct LeftAlone<'a> {
    email: &'a str,
    contact: Option<&'a str>,
}

#[cfg(test)]
mod tests;
