use crate::http::{POLL, STREAM};
use actix_http::{ConnectionType, Request};
use actix_web::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, UPGRADE,
};
use actix_web::http::{Method, Uri, Version};
use bytes::Bytes;
use httparse::{EMPTY_HEADER, Status};
use std::net::SocketAddr;

/// The most headers that are looked at; browsers send about twenty.
const MOST_HEADERS: usize = 40;

/// What is served here.
const PATHS: [&str; 2] = [STREAM, POLL];

/// What makes a request another than one head that wants an answer (RFC 9112 §6, RFC 9110 §7.8 and
/// §10.1.1): actix knows what to do with it.
const ODD: [HeaderName; 4] = [CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, EXPECT];

/// The request, where `bytes` are one whole head, nothing behind it, of a plain GET for a stream or a
/// poll.
pub(super) fn read(bytes: &[u8], peer: Option<SocketAddr>) -> Option<Request> {
    if !bytes.starts_with(b"GET /v1/") {
        return None;
    }
    // One copy for all of it: a poll keeps its head for as long as it is parked.
    let bytes = Bytes::copy_from_slice(bytes);
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let whole = parsed.parse(&bytes).ok()? == Status::Complete(bytes.len());
    let target = parsed.path?;
    let path = target.split('?').next()?;
    if !whole || parsed.method != Some("GET") || parsed.version != Some(1) || !PATHS.contains(&path)
    {
        return None;
    }
    let mut request = Request::new();
    let head = request.head_mut();
    head.method = Method::GET;
    head.version = Version::HTTP_11;
    head.uri = Uri::from_maybe_shared(bytes.slice_ref(target.as_bytes())).ok()?;
    head.peer_addr = peer;
    // Of the size it needs: actix's has room for 28 names, 200 bytes each.
    head.headers = HeaderMap::with_capacity(parsed.headers.len());
    for header in parsed.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(header.value)).ok()?;
        head.headers.append(name, value);
    }
    let named = |name| head.headers.get_all(name).count();
    if ODD.iter().any(|odd| named(odd) > 0) || named(&HOST) != 1 || named(&CONNECTION) > 1 {
        return None;
    }
    let connection = match head.headers.get(&CONNECTION).map(HeaderValue::as_bytes) {
        None => ConnectionType::KeepAlive,
        Some(value) if value.eq_ignore_ascii_case(b"keep-alive") => ConnectionType::KeepAlive,
        Some(value) if value.eq_ignore_ascii_case(b"close") => ConnectionType::Close,
        Some(_) => return None,
    };
    head.set_connection_type(connection);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_browsers_request_for_a_stream_is_read() {
        let text = "GET /v1/stream?last_event_id=k3f9w2qa.7 HTTP/1.1\r\nHost: app.example\r\n\
            Accept: text/event-stream\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: Keep-Alive\r\n\r\n";

        let request = read(text.as_bytes(), "192.0.2.7:1".parse().ok()).unwrap();

        assert_eq!(request.uri(), "/v1/stream?last_event_id=k3f9w2qa.7");
        assert_eq!((request.method(), request.version()), (&Method::GET, Version::HTTP_11));
        assert_eq!(request.peer_addr().unwrap().to_string(), "192.0.2.7:1");
        assert_eq!(request.head().headers.get("host").unwrap(), "app.example");
        let cookies: Vec<_> = request.head().headers.get_all("cookie").collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(request.head().connection_type(), ConnectionType::KeepAlive);
    }

    #[test]
    fn a_client_that_will_close_is_heard() {
        let text = "GET /v1/poll HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

        let request = read(text.as_bytes(), None).unwrap();

        assert_eq!(request.head().connection_type(), ConnectionType::Close);
    }

    #[rstest]
    #[case::cut("GET /v1/stream HTTP/1.1\r\nhost: a\r\n")]
    #[case::followed("GET /v1/poll HTTP/1.1\r\nhost: a\r\n\r\nG")]
    #[case::elsewhere("GET /v1/me HTTP/1.1\r\nhost: a\r\n\r\n")]
    #[case::spelt("GET /v1/%73tream HTTP/1.1\r\nhost: a\r\n\r\n")]
    #[case::absolute("GET http://a/v1/stream HTTP/1.1\r\nhost: a\r\n\r\n")]
    #[case::only_its_head("HEAD /v1/stream HTTP/1.1\r\nhost: a\r\n\r\n")]
    #[case::old("GET /v1/stream HTTP/1.0\r\nhost: a\r\n\r\n")]
    #[case::no_host("GET /v1/stream HTTP/1.1\r\n\r\n")]
    #[case::two_hosts("GET /v1/stream HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")]
    #[case::a_body("GET /v1/poll HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")]
    #[case::chunks("GET /v1/poll HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")]
    #[case::upgrade("GET /v1/stream HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\n\r\n")]
    #[case::expects("GET /v1/poll HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n")]
    #[case::options("GET /v1/poll HTTP/1.1\r\nhost: a\r\nconnection: close, upgrade\r\n\r\n")]
    #[case::twice(
        "GET /v1/poll HTTP/1.1\r\nhost: a\r\nconnection: close\r\nconnection: close\r\n\r\n"
    )]
    #[case::folded("GET /v1/poll HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n")]
    #[case::spaced("GET /v1/poll HTTP/1.1\r\nhost : a\r\n\r\n")]
    #[case::control("GET /v1/poll HTTP/1.1\r\nhost: a\r\nx: \x01\r\n\r\n")]
    #[case::h2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    fn anything_else_is_left_to_actix(#[case] text: &str) {
        assert!(read(text.as_bytes(), None).is_none());
    }
}
