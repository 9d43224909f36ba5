use super::frame::{Page, html};
use super::verify::host;
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
pub fn ask_reset_page(wrong: Option<&str>) -> HttpResponse {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(status, Page::Link, &Ask { wrong })
}

/// `POST /reset`, 200: the same for every address.
pub fn reset_asked_page(email: &str) -> HttpResponse {
    html(StatusCode::OK, Page::Link, &Asked { email })
}

/// `GET /reset/{token}`: one field for the new password, and 200; 422 where one was refused.
pub fn reset_page(view: &ResetPage<'_>) -> HttpResponse {
    let refused = view.refused.is_some();
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(status, Page::Link, &Reset { view })
}

/// `POST /reset/{token}`, 200: the password is changed; `continue_url` is where to log in.
pub fn reset_done_page(continue_url: Option<&Url>) -> HttpResponse {
    let template =
        Done { continue_url: continue_url.map_or("/", Url::as_str), host: host(continue_url) };
    html(StatusCode::OK, Page::Link, &template)
}

/// 410: the link has been used, or is too old.
pub fn reset_over_page() -> HttpResponse {
    html(StatusCode::GONE, Page::Link, &Over)
}

/// 404: no such link.
pub fn reset_unknown_page() -> HttpResponse {
    html(StatusCode::NOT_FOUND, Page::Link, &Unknown)
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
