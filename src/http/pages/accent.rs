use super::frame::{Page, headers};
use crate::model::Accent;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// The style sheet that lays a tenant's colour over `public/afterclick.css`.
pub fn accent_sheet(accent: Accent) -> HttpResponse {
    let sheet = format!(
        ":root {{\n  --deed: {};\n  --deed-hover: {};\n  --deed-ink: #ffffff;\n}}\n\
         @media (prefers-color-scheme: dark) {{\n  :root {{\n    --deed: {};\n    \
         --deed-hover: {};\n    --deed-ink: {};\n  }}\n}}\n",
        accent.day(),
        accent.day_hover(),
        accent.night(),
        accent.night_hover(),
        accent.ink_by_night(),
    );
    let mut response = HttpResponse::Ok();
    for header in headers(Page::App) {
        response.insert_header(header);
    }
    response
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(sheet)
}
