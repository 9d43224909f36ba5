//! HTTP/2, by TLS and in the clear.
//!
//! actix has a dispatcher for it, which leaves out what the service promises: a client that goes away
//! frees its place at once, one that gives no room is not waited for, and a node that drains says so
//! to its connections. It cannot be told how many streams, how large heads, and how much unsent there
//! may be either.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use super::web::{IDLE, LAST_WRITES};
use crate::clock::Clock;
use actix_http::{Request, Response};
use actix_service::Service;
use actix_web::body::BoxBody;
use answer::answer;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::Builder;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// Streams of one connection at once: a browser's tabs, and many users' where it is a proxy's.
const STREAMS: u32 = 1_000;

/// What may be unsent of one stream, in bytes: as much as a socket's own buffer commonly takes.
const UNSENT: usize = 64 * 1024;

/// What may be unread of one request's body, in bytes: the largest that most calls take.
const UNREAD: u32 = 64 * 1024;

/// What may be unread of all bodies of a connection.
const UNREAD_IN_ALL: u32 = 1024 * 1024;

/// The largest head that is read, in bytes, by HPACK's count, which adds 32 for each header. What the
/// service itself refuses is smaller.
const HEAD_SIZE: u32 = 32 * 1024;

/// How long a connection may take for its last words once it was told to go.
const LAST_WORDS: Duration = Duration::from_secs(LAST_WRITES);

/// Serves a connection until its client goes, it was idle for long, or the node leaves. Its first
/// bytes must come until `by`; what it asked for ends with it.
///
/// All its requests are of this one future, since their answers leave by one socket anyway.
pub(super) async fn serve<S>(
    wire: impl AsyncRead + AsyncWrite + Unpin,
    peer: Option<SocketAddr>,
    app: Rc<S>,
    clock: &dyn Clock,
    mut leaving: watch::Receiver<bool>,
    by: Instant,
) where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
{
    let Ok(Ok(mut connection)) = timeout_at(by, builder().handshake::<_, Bytes>(wire)).await else {
        return;
    };
    let mut requests = FuturesUnordered::new();
    // Where nobody is left to say it, it is as if it were said.
    let mut left = pin!(async move { drop(leaving.wait_for(|leaving| *leaving).await) });
    let (mut quiet, mut told) = (pin!(sleep(IDLE)), false);
    loop {
        let was_told = told;
        tokio::select! {
            biased;
            () = &mut left, if !told => told = true,
            Some(()) = requests.next() => {}
            taken = connection.accept() => match taken {
                Some(Ok((taken, respond))) => {
                    requests.push(answer(taken, respond, peer, Rc::clone(&app), clock));
                    continue;
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "a connection of HTTP/2 broke off");
                    return;
                }
                None => return,
            },
            () = &mut quiet, if requests.is_empty() => {
                if told {
                    return;
                }
                told = true;
            }
        }
        if told && !was_told {
            // What comes on its way is still taken; nothing new is asked for here (RFC 9113 §6.8).
            connection.graceful_shutdown();
        }
        if requests.is_empty() {
            quiet.as_mut().reset(Instant::now() + if told { LAST_WORDS } else { IDLE });
        }
    }
}

/// What a client may do. Beside these, the library ends connections that reset streams by the
/// hundred, or send heads in pieces without end.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .max_send_buffer_size(UNSENT)
        .max_header_list_size(HEAD_SIZE)
        .initial_window_size(UNREAD)
        .initial_connection_window_size(UNREAD_IN_ALL);
    builder
}
