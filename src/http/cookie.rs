//! The session cookie.

use crate::accounts::SESSION_TTL;
use crate::model::OpaqueToken;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::RequestHead;
use actix_web::http::header::COOKIE;
use url::Url;

/// The cookie's name. `__Host-` binds it to this very host, which needs https (RFC 6265bis §4.1.3).
pub(super) fn name(public_url: &Url) -> &'static str {
    if public_url.scheme() == "https" { "__Host-afterclick_session" } else { "afterclick_session" }
}

/// The session's token as a request has it.
pub(super) fn read(head: &RequestHead, public_url: &Url) -> Option<OpaqueToken> {
    let name = name(public_url);
    let lines = head.headers.get_all(COOKIE);
    let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
    let cookies = lines.flat_map(|line| line.split(';'));
    let mut cookies = cookies.filter_map(|text| Cookie::parse_encoded(text.trim()).ok());
    let cookie = cookies.find(|cookie| cookie.name() == name)?;
    Some(OpaqueToken::presented(cookie.value()))
}

/// The cookie to set at log-in and whenever the session's end is put off.
pub(super) fn set(token: &OpaqueToken, public_url: &Url) -> Cookie<'static> {
    let life = i64::try_from(SESSION_TTL.as_secs()).unwrap_or_default();
    build(token.reveal().to_owned(), public_url, Duration::seconds(life))
}

/// The cookie to set at log-out.
pub(super) fn clear(public_url: &Url) -> Cookie<'static> {
    build(String::new(), public_url, Duration::ZERO)
}

fn build(value: String, public_url: &Url, life: Duration) -> Cookie<'static> {
    Cookie::build(name(public_url), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(public_url.scheme() == "https")
        .max_age(life)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    #[test]
    fn a_session_is_found_beside_cookies_that_are_not_text() {
        let site: Url = "http://localhost:8080".parse().unwrap();
        let other = HeaderValue::from_bytes(b"theme=\xff; afterclick_session=lost").unwrap();
        let request = TestRequest::default()
            .append_header((COOKIE, other))
            .append_header((COOKIE, "=; x ; theme=dark;afterclick_session=mine; lang=en"))
            .to_http_request();
        assert_eq!(read(request.head(), &site).unwrap().reveal(), "mine");
    }
}
