use super::request::request;
use crate::app::date::date;
use crate::clock::Clock;
use actix_http::{Request, Response, ResponseHead};
use actix_service::Service;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http_types::header::{CONTENT_LENGTH, DATE, HeaderName, HeaderValue};
use http_types::{Method, StatusCode};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

/// How long a reader may give no room for a single byte of what there is for it. Its connection may be
/// well, and its system acknowledge what it does not read, so that TCP sees nothing of it.
const STALLED: Duration = Duration::from_secs(15);

/// Has `app` answer a request, and writes what it says. Ends at once where the client has given the
/// request up: a parked poll and a stream free their places then, and not at their next word.
pub(super) async fn answer<S>(
    taken: http_types::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    peer: Option<SocketAddr>,
    app: Rc<S>,
    clock: &dyn Clock,
) where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
{
    let asks_for_head = taken.method() == Method::HEAD;
    let Some(request) = request(taken, peer) else {
        respond.send_reset(Reason::PROTOCOL_ERROR);
        return;
    };
    let response = {
        let mut answering = pin!(app.call(request));
        poll_fn(|context| match respond.poll_reset(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => answering.as_mut().poll(context).map(Some),
        })
        .await
    };
    let Some(response) = response else { return };
    let response: Response<BoxBody> = response.map_or_else(Into::into, Into::into);
    let (response, body) = response.into_parts();
    let size = size(response.head(), &body);
    let ends = asks_for_head || size.is_eof();
    let head = head(response.head(), size, clock);
    drop(response);
    let Ok(mut stream) = respond.send_response(head, ends) else { return };
    if !ends && let Err(Some(reason)) = send(&mut stream, body).await {
        stream.send_reset(reason);
    }
}

/// How much of a body there is to send; RFC 9110 §6.4.1 has the statuses that have none.
fn size(head: &ResponseHead, body: &BoxBody) -> BodySize {
    match head.status.as_u16() {
        100..=199 | 204 | 304 => BodySize::None,
        _ => body.size(),
    }
}

/// The head without what is HTTP/1's alone (RFC 9113 §8.2.2).
fn head(from: &ResponseHead, size: BodySize, clock: &dyn Clock) -> http_types::Response<()> {
    let mut head = http_types::Response::new(());
    // Both take whatever the other has.
    *head.status_mut() = StatusCode::from_u16(from.status.as_u16()).unwrap_or_default();
    let headers = head.headers_mut();
    for (name, value) in &from.headers {
        let only_http1 = ["connection", "keep-alive", "transfer-encoding", "upgrade"];
        if only_http1.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_ref()), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    }
    if let BodySize::Sized(length) = size {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if let Ok(now) = HeaderValue::try_from(date(clock).to_string()) {
        headers.entry(DATE).or_insert(now);
    }
    head
}

/// Sends a body to its end. The error is why the stream is to be reset; `None` where it is over.
async fn send(stream: &mut SendStream<Bytes>, body: BoxBody) -> Result<(), Option<Reason>> {
    let mut body = pin!(body);
    loop {
        let chunk = poll_fn(|context| {
            if stream.poll_reset(context).is_ready() {
                return Poll::Ready(Err(None));
            }
            let next = body.as_mut().poll_next(context);
            next.map(|chunk| chunk.transpose().map_err(|_| Some(Reason::INTERNAL_ERROR)))
        });
        let Some(mut chunk) = chunk.await? else {
            return stream.send_data(Bytes::new(), true).map_err(|_| None);
        };
        while !chunk.is_empty() {
            stream.reserve_capacity(chunk.len());
            let room = timeout(STALLED, room(stream)).await.map_err(|_| Some(Reason::CANCEL))?;
            let part = chunk.split_to(room?.min(chunk.len()));
            stream.send_data(part, false).map_err(|_| None)?;
        }
    }
}

/// Waits until the reader has room for something, and says for how many bytes.
async fn room(stream: &mut SendStream<Bytes>) -> Result<usize, Option<Reason>> {
    while stream.capacity() == 0 {
        match poll_fn(|context| stream.poll_capacity(context)).await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(None),
        }
    }
    Ok(stream.capacity())
}
