use actix_http::error::PayloadError;
use actix_http::header::{HOST, HeaderName, HeaderValue};
use actix_http::{Method, Payload, Request, Version};
use bytes::Bytes;
use futures_util::stream::Stream;
use h2::RecvStream;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A request as the application takes it: with a path and a `Host`, as HTTP/1 has them. `None` for
/// `CONNECT`, which names no path, and for what is no request of HTTP/1 at all.
pub(super) fn request(
    taken: http_types::Request<RecvStream>,
    peer: Option<SocketAddr>,
) -> Option<Request> {
    let (parts, body) = taken.into_parts();
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    // What nobody will read must not fill the room that the connection's other requests need.
    let unread = matches!(method, Method::GET | Method::HEAD) || body.is_end_stream();
    let payload = if unread {
        Payload::None
    } else {
        Payload::Stream { payload: Box::pin(Body(body)) as Pin<Box<_>> }
    };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    head.method = method;
    head.uri = parts.uri.path_and_query()?.as_str().parse().ok()?;
    head.version = Version::HTTP_2;
    head.peer_addr = peer;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if let Some(authority) = parts.uri.authority() {
        head.headers.insert(HOST, HeaderValue::from_str(authority.as_str()).ok()?);
    }
    Some(request)
}

/// A request's body, whose sender is given room for as much again as was read.
struct Body(RecvStream);

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = match ready!(self.0.poll_data(context)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                let error = std::io::Error::other(error);
                return Poll::Ready(Some(Err(PayloadError::Incomplete(Some(error)))));
            }
            None => return Poll::Ready(None),
        };
        // It fails for a stream that has ended, and the next read says so.
        let _ = self.0.flow_control().release_capacity(chunk.len());
        Poll::Ready(Some(Ok(chunk)))
    }
}
