//! Refuses what another site makes a browser send in its user's name.

use super::plain::{POLL, STREAM};
use super::problem::Problem;
use super::services::Settings;
use super::{cookie, json, query};
use crate::publishing::KnownTenants;
use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN};
use actix_web::http::{Method, StatusCode};
use url::Url;

/// Where the origin matters without a cookie: what another site makes its visitors send would count
/// against them.
const SIGNING_IN: [&str; 3] = ["/v1/users", "/v1/sessions", "/v1/password-resets"];

/// Where a ticket counts.
const LISTENING: [&str; 2] = [STREAM, POLL];

/// Lets a request pass that changes nothing, that carries a credential no browser adds by itself,
/// or that comes from us or an allowed client.
///
/// `Sec-Fetch-Site` decides where it is sent; browsers that do not send it send `Origin` with every
/// POST; what sends neither is no browser. The pages behind a link are apart: their token is the
/// proof, and a strict referrer policy makes browsers send `Origin: null` with their form.
///
/// # Errors
///
/// 403 `cross_site`; also where a browser's body is not JSON, as a plain form is sent by any site.
pub(super) fn check(
    request: &HttpRequest,
    settings: &Settings,
    tenants: &KnownTenants,
) -> Result<(), Problem> {
    // As the routes see it: `/%761/sessions` is one of them too.
    let path = request.match_info().as_str();
    if brings_anothers_cookie(request, path, settings, tenants) {
        let detail = "this page belongs to another tenant than the session: send an access token";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", detail));
    }
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if safe || !path.starts_with("/v1/") {
        return Ok(());
    }
    let bearer = request.headers().contains_key(AUTHORIZATION);
    let signing_in = SIGNING_IN.contains(&path.trim_end_matches('/'));
    let with_cookie = cookie::read(request.head(), &settings.public_url).is_some();
    if !signing_in && (bearer || !with_cookie) {
        return Ok(());
    }
    if !is_ours(request, settings, tenants) {
        let detail =
            "this call came from another site: allow its origin with --client-url if it is yours";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", detail));
    }
    let browser =
        ["origin", "sec-fetch-site"].iter().any(|name| request.headers().contains_key(*name));
    let has_body = request.headers().contains_key(CONTENT_TYPE)
        || request.headers().get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if browser && has_body && !json::is_json(request) {
        let detail = "a browser must send this as JSON, with Content-Type: application/json";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", detail));
    }
    Ok(())
}

/// Whether a page of a tenant that has nothing to do with the built-in accounts sends, or only reads
/// with, the cookie that is theirs. Its own users have tokens, and tickets, which win over a cookie
/// where they count.
fn brings_anothers_cookie(
    request: &HttpRequest,
    path: &str,
    settings: &Settings,
    tenants: &KnownTenants,
) -> bool {
    let with_cookie = cookie::read(request.head(), &settings.public_url).is_some()
        && !request.headers().contains_key(AUTHORIZATION)
        && !(LISTENING.contains(&path) && query::value(request.head(), "ticket").is_some());
    let origin = header(request, ORIGIN.as_str()).filter(|_| with_cookie);
    origin.is_some_and(|origin| {
        tenants.have_page(origin)
            && !is_client(origin, settings, tenants)
            && !is_public(origin, &settings.public_url)
    })
}

/// A header's text; one that is none is like a sandboxed page's origin.
fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or("null"))
}

/// Whether `origin` is one of the pages to which the built-in accounts belong.
fn is_client(origin: &str, settings: &Settings, tenants: &KnownTenants) -> bool {
    settings.client_urls.iter().any(|client| same(origin, client))
        || tenants.have_built_in_page(origin)
}

fn is_ours(request: &HttpRequest, settings: &Settings, tenants: &KnownTenants) -> bool {
    let origin = header(request, ORIGIN.as_str());
    match (header(request, "sec-fetch-site"), origin) {
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), Some(origin)) => is_client(origin, settings, tenants),
        (Some(_), None) => false,
        (None, Some(origin)) => {
            is_public(origin, &settings.public_url) || is_client(origin, settings, tenants)
        }
    }
}

/// Whether `origin` is the URL's, compared as browsers do (RFC 6454 §5).
fn same(origin: &str, url: &Url) -> bool {
    Url::parse(origin).is_ok_and(|origin| origin.origin() == url.origin())
}

/// Whether `origin` is ours; a loopback URL answers to every name of loopback.
fn is_public(origin: &str, public_url: &Url) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    let port = origin.port_or_known_default() == public_url.port_or_known_default();
    let loopback = is_loopback(&origin) && is_loopback(public_url);
    origin.origin() == public_url.origin()
        || (loopback && port && origin.scheme() == public_url.scheme())
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::super::client::Proxies;
    use super::super::stream::Pace;
    use super::*;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    fn settings() -> Settings {
        Settings {
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            client_urls: vec!["https://app.example".parse().unwrap()],
            proxies: Proxies::default(),
            pace: Pace::default(),
            contact: None,
            continue_url: None,
        }
    }

    #[rstest]
    #[case::curl(&[], true)]
    #[case::our_page(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")], true)]
    #[case::typed(&[("sec-fetch-site", "none")], true)]
    #[case::old_browser(&[("origin", "http://localhost:8080")], true)]
    #[case::client(&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], true)]
    #[case::old_browser_at_a_client(&[("origin", "https://app.example")], true)]
    #[case::another_site(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false)]
    #[case::a_sibling(&[("sec-fetch-site", "same-site"), ("origin", "http://evil.localhost:8080")], false)]
    #[case::no_origin(&[("sec-fetch-site", "cross-site")], false)]
    #[case::sandboxed(&[("origin", "null")], false)]
    #[case::another_port(&[("origin", "http://127.0.0.1:9090")], false)]
    #[case::another_scheme(&[("origin", "https://127.0.0.1:8080")], false)]
    #[case::look_alike(&[("origin", "https://app.example.evil.example")], false)]
    #[case::a_client_over_http(&[("origin", "http://app.example")], false)]
    fn only_we_and_our_clients_sign_somebody_in(
        #[case] headers: &[(&str, &str)],
        #[case] passes: bool,
    ) {
        let mut request = TestRequest::post()
            .uri("/v1/sessions")
            .insert_header(("content-type", "application/json"));
        for header in headers {
            request = request.insert_header(*header);
        }

        assert_eq!(
            check(&request.to_http_request(), &settings(), &KnownTenants::default()).is_ok(),
            passes
        );
    }

    #[test]
    fn a_plain_form_signs_nobody_in() {
        let form = TestRequest::post()
            .uri("/v1/sessions")
            .insert_header(("origin", "http://127.0.0.1:8080"))
            .insert_header(("content-type", "text/plain"));

        assert!(check(&form.to_http_request(), &settings(), &KnownTenants::default()).is_err());
    }

    #[test]
    fn a_bearer_needs_no_origin() {
        let request = TestRequest::post()
            .uri("/v1/verifications")
            .insert_header(("sec-fetch-site", "cross-site"))
            .insert_header(("authorization", "Bearer x"));

        assert!(check(&request.to_http_request(), &settings(), &KnownTenants::default()).is_ok());
    }
}
