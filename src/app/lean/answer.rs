use super::Scratch;
use super::serve::peeked;
use crate::app::date::date;
use crate::clock::Clock;
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::{Response, StatusCode};
use actix_web::rt::net::TcpStream;
use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// How much is taken from a body before it is written, in bytes. With one event more, of 48 KiB and its
/// names, it is the most that is held for a reader that does not read: 64 KiB.
const ENOUGH: usize = 8 * 1024;

/// Writes the head of `response` and its body, as it comes. `last`: says that nothing more is
/// answered on the connection.
///
/// # Errors
///
/// Where the client is gone, which it is too once it has closed its half, or the body failed.
pub(super) async fn write(
    connection: &mut TcpStream,
    response: Response<BoxBody>,
    last: bool,
    clock: &dyn Clock,
    scratch: &Scratch,
) -> io::Result<()> {
    let size = response.body().size();
    let head = head(&response, size, last, clock);
    let chunked = size == BodySize::Stream;
    let body = response.into_body();
    let mut answer = Answer { head, body, chunked, ended: false, more: false, rest: Vec::new() };
    poll_fn(|context| answer.poll(connection, scratch, context)).await
}

struct Answer {
    /// Empty once it was taken.
    head: Vec<u8>,
    body: BoxBody,
    chunked: bool,
    ended: bool,
    /// Whether the client has sent more, so that its end is not seen.
    more: bool,
    /// What the socket did not take.
    rest: Vec<u8>,
}

impl Answer {
    fn poll(
        &mut self,
        connection: &mut TcpStream,
        scratch: &Scratch,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.rest.is_empty() {
                let written = ready!(Pin::new(&mut *connection).poll_write(context, &self.rest))?;
                self.rest.drain(..written);
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            // A reader that was slow once need not be again.
            self.rest = Vec::new();
            if self.chunked && !self.more {
                match peeked(connection, context) {
                    Poll::Ready(Ok(true)) => self.more = true,
                    Poll::Ready(_) => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
                    Poll::Pending => {}
                }
            }
            let mut out = scratch.borrow_mut();
            out.clear();
            out.append(&mut std::mem::take(&mut self.head));
            let has_more = self.fill(&mut out, context)?;
            if !out.is_empty() {
                let written = match Pin::new(&mut *connection).poll_write(context, &out) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => 0,
                };
                self.rest = out[written..].to_vec();
            }
            // The body wakes us.
            if self.rest.is_empty() && !has_more {
                return Poll::Pending;
            }
        }
    }

    /// Takes what the body has, and not more than enough; whether it need not be waited for.
    fn fill(&mut self, out: &mut Vec<u8>, context: &mut Context<'_>) -> io::Result<bool> {
        while !self.ended && out.len() < ENOUGH {
            let Poll::Ready(next) = Pin::new(&mut self.body).poll_next(context) else {
                return Ok(false);
            };
            let Some(bytes) = next.transpose().map_err(|_| io::ErrorKind::Other)? else {
                self.ended = true;
                if self.chunked {
                    out.extend_from_slice(b"0\r\n\r\n");
                }
                break;
            };
            // An empty chunk would be the last (RFC 9112 §7.1).
            if self.chunked && !bytes.is_empty() {
                write!(out, "{:x}\r\n", bytes.len())?;
                out.extend_from_slice(&bytes);
                out.extend_from_slice(b"\r\n");
            } else {
                out.extend_from_slice(&bytes);
            }
        }
        Ok(true)
    }
}

/// The head as HTTP/1.1 writes it (RFC 9112 §4 to §6).
fn head(response: &Response<BoxBody>, size: BodySize, last: bool, clock: &dyn Clock) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let status = response.status();
    // By parts: a poll is little more than its head, and `write!` takes several times as long.
    let mut line = |parts: &[&[u8]]| {
        for part in parts {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(b"\r\n");
    };
    line(&[b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", response.head().reason().as_bytes()]);
    let bodiless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    match size {
        _ if bodiless => {}
        BodySize::Stream => line(&[b"transfer-encoding: chunked"]),
        BodySize::Sized(length) => line(&[b"content-length: ", length.to_string().as_bytes()]),
        BodySize::None => line(&[b"content-length: 0"]),
    }
    if last {
        line(&[b"connection: close"]);
    }
    for (name, value) in response.headers() {
        line(&[name.as_str().as_bytes(), b": ", value.as_bytes()]);
    }
    line(&[b"date: ", date(clock).to_string().as_bytes()]);
    line(&[]);
    out
}
