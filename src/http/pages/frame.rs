use crate::model::TenantSettings;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use askama::Template;
use std::any::Any;

/// Nothing but our own style sheet and images, forms to ourselves, and no frame around it.
const QUIET: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same, with our own scripts and requests to ourselves.
const SCRIPTED: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; \
     connect-src 'self'";

/// The same, with inline styles: the sandboxed previews of mails inherit this policy, and mails are
/// styled inline, because many mail programs drop everything else. Swagger UI styles itself so too.
/// Scripts stay ours alone.
const STYLED: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     script-src 'self'; connect-src 'self'";

/// What a page may do, and how secret its address and content are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The first page and the files under it: scripts of ours.
    App,
    /// Behind a link from a mail: no script, not stored, and its address told to nobody.
    Link,
    /// The description of the API.
    Docs,
    /// The development inbox: scripts, mail previews, as secret as the links it shows.
    Inbox,
}

/// The security headers of a page. Every page and file has exactly these.
pub fn headers(page: Page) -> Vec<(HeaderName, &'static str)> {
    let policy = match page {
        Page::App => SCRIPTED,
        Page::Link => QUIET,
        Page::Inbox | Page::Docs => STYLED,
    };
    let mut headers = vec![(CONTENT_SECURITY_POLICY, policy), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    if matches!(page, Page::Link | Page::Inbox) {
        headers.extend([(REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")]);
    }
    headers
}

/// A page from its template.
pub(super) fn html(status: StatusCode, page: Page, template: &impl Template) -> HttpResponse {
    answer(status, page, template.render())
}

/// A page behind a link, as `tenant` has its pages: its name, its colour.
pub(super) fn tenants_html(
    status: StatusCode,
    tenant: &TenantSettings,
    template: &impl Template,
) -> HttpResponse {
    let accent = tenant.accent.map(|accent| accent.day().to_string().replace('#', ""));
    let own: [(&str, Option<&dyn Any>); 2] = [
        ("product", tenant.product.as_ref().map(|product| product as &dyn Any)),
        ("accent", accent.as_ref().map(|accent| accent as &dyn Any)),
    ];
    let values: Vec<(&str, &dyn Any)> =
        own.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    answer(status, Page::Link, template.render_with_values(&values))
}

fn answer(status: StatusCode, page: Page, body: askama::Result<String>) -> HttpResponse {
    let Ok(body) = body else {
        return HttpResponse::InternalServerError().finish();
    };
    let mut response = HttpResponse::build(status);
    for header in headers(page) {
        response.insert_header(header);
    }
    response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
    response.body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_behind_a_link_runs_no_script_and_is_kept_and_told_nowhere() {
        assert_eq!(
            headers(Page::Link),
            [
                (
                    CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                     form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
                ),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (REFERRER_POLICY, "no-referrer"),
                (CACHE_CONTROL, "no-store"),
            ]
        );
    }

    #[test]
    fn the_first_page_has_scripts_of_ours_only() {
        assert_eq!(
            headers(Page::App),
            [
                (
                    CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                     script-src 'self'; connect-src 'self'"
                ),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ]
        );
    }

    #[test]
    fn the_inbox_lets_previews_be_styled_and_still_no_inline_script_run() {
        let headers = headers(Page::Inbox);

        let policy = headers[0].1;
        assert!(policy.contains("style-src 'self' 'unsafe-inline';"));
        assert!(policy.contains("script-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(
            headers[1..],
            [
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (REFERRER_POLICY, "no-referrer"),
                (CACHE_CONTROL, "no-store"),
            ]
        );
    }
}
