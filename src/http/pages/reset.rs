use super::frame::tenants_html;
use super::verify::host;
use crate::model::TenantSettings;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use url::Url;

/// What stands on the page behind the link to a new password.
#[derive(Debug, Clone, Copy)]
pub struct ResetPage<'a> {
    /// The link's token, for the address of the form.
    pub token: &'a str,
    /// Whose password it is.
    pub email: &'a str,
    /// Why the one just sent was not taken.
    pub refused: Option<&'a str>,
}

/// `GET /reset`: one field for the address, and 200; 422 where `wrong` was sent and is no address.
pub fn ask_reset_page(wrong: Option<&str>, tenant: &TenantSettings) -> HttpResponse {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    tenants_html(status, tenant, &Ask { wrong })
}

/// `POST /reset`, 200: the same for every address.
pub fn reset_asked_page(email: &str, tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::OK, tenant, &Asked { email })
}

/// `GET /reset/{token}`: one field for the new password, and 200; 422 where one was refused.
pub fn reset_page(view: &ResetPage<'_>, tenant: &TenantSettings) -> HttpResponse {
    let refused = view.refused.is_some();
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    tenants_html(status, tenant, &Reset { view })
}

/// `POST /reset/{token}`, 200: the password is changed; `continue_url` is where to log in.
pub fn reset_done_page(continue_url: Option<&Url>, tenant: &TenantSettings) -> HttpResponse {
    let template =
        Done { continue_url: continue_url.map_or("/", Url::as_str), host: host(continue_url) };
    tenants_html(StatusCode::OK, tenant, &template)
}

/// 410: the link has been used, or is too old.
pub fn reset_over_page(tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::GONE, tenant, &Over)
}

/// 404: no such link.
pub fn reset_unknown_page(tenant: &TenantSettings) -> HttpResponse {
    tenants_html(StatusCode::NOT_FOUND, tenant, &Unknown)
}

#[derive(Template)]
#[template(path = "reset_ask.html", config = "src/http/pages/askama.toml")]
struct Ask<'a> {
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "reset_asked.html", config = "src/http/pages/askama.toml")]
struct Asked<'a> {
    email: &'a str,
}

#[derive(Template)]
#[template(path = "reset.html", config = "src/http/pages/askama.toml")]
struct Reset<'a> {
    view: &'a ResetPage<'a>,
}

#[derive(Template)]
#[template(path = "reset_done.html", config = "src/http/pages/askama.toml")]
struct Done<'a> {
    continue_url: &'a str,
    host: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "reset_over.html", config = "src/http/pages/askama.toml")]
struct Over;

#[derive(Template)]
#[template(path = "reset_unknown.html", config = "src/http/pages/askama.toml")]
struct Unknown;
