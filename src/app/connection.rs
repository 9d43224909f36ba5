//! What a new connection speaks, and who answers it.

use super::http2;
use super::lean::{self, Scratch};
use super::paced::Paced;
use super::serve::HEAD;
use super::tls;
use crate::http::Services;
use actix_http::{Protocol, Request, Response};
use actix_service::Service;
use actix_web::body::BoxBody;
use actix_web::error::DispatchError;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

/// How a client of HTTP/2 begins that was told beforehand that we speak it (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Between two looks at a beginning that may become the whole of [`PREFACE`].
const MORE: Duration = Duration::from_millis(20);

/// A socket in the clear, or what TLS makes of it; boxed, as it is many times the size.
pub(super) type Wire = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A connection of HTTP/1 as actix wants it, and whose it is.
pub(super) type Begun = (Paced, Protocol, Option<SocketAddr>);

/// What takes the connections of one listener, on one thread.
pub(super) struct Taker<S, H> {
    /// Answers requests, whatever brought them.
    pub app: Rc<S>,
    /// Reads HTTP/1 and has the same `app` answer.
    pub http1: H,
    pub tls: Option<TlsAcceptor>,
    pub services: Data<Services>,
    pub scratch: Scratch,
    /// Told when the server stops.
    pub stopping: CancellationToken,
    /// Turns true when the node begins to send everybody away.
    pub leaving: watch::Receiver<bool>,
}

impl<S, H> Taker<S, H>
where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
    H: Service<Begun, Response = (), Error = DispatchError>,
{
    /// Serves a connection to its end.
    ///
    /// # Errors
    ///
    /// HTTP/1's own.
    pub async fn take(&self, socket: TcpStream) -> Result<(), DispatchError> {
        let peer = socket.peer_addr().ok();
        // The handshake, if any, and the first head: one time for both.
        let by = Instant::now() + HEAD;
        // Boxed, as is all that a stream of HTTP/1 has no use for: it lasts, and would keep the room.
        let Some((wire, http2)) = Box::pin(self.begin(socket, by)).await else { return Ok(()) };
        let (app, clock) = (Rc::clone(&self.app), self.services.feed.clock());
        if http2 {
            let leaving = self.leaving.clone();
            Box::pin(http2::serve(wire, peer, app, clock, leaving, by)).await;
            return Ok(());
        }
        let paced = match wire {
            Either::Left(socket) => {
                lean::serve(socket, peer, &*app, clock, &self.stopping, &self.scratch, by).await
            }
            tls @ Either::Right(_) => Some(Paced::new(tls, by, Vec::new())),
        };
        let Some(paced) = paced else { return Ok(()) };
        Box::pin(self.http1.call((paced, Protocol::Http1, peer))).await
    }

    /// What [`spoken`] has found; `None` where the connection is over.
    /// Who has nothing to say until `by` is told nothing.
    async fn begin(&self, socket: TcpStream, by: Instant) -> Option<(Wire, bool)> {
        let begun = tokio::select! {
            begun = timeout_at(by, spoken(socket, self.tls.as_ref())) => begun.ok()?,
            () = self.stopping.cancelled() => return None,
        };
        begun.inspect_err(|error| tracing::debug!(%error, "a connection did not begin")).ok()
    }
}

/// The connection once it can be read, and whether it speaks HTTP/2.
async fn spoken(socket: TcpStream, tls: Option<&TlsAcceptor>) -> std::io::Result<(Wire, bool)> {
    let Some(tls) = tls else {
        let http2 = knows_http2(&socket).await?;
        return Ok((Either::Left(socket), http2));
    };
    let stream = tls.accept(socket).await?;
    let (_, session) = stream.get_ref();
    let http2 = session.alpn_protocol() == Some(tls::HTTP2);
    Ok((Either::Right(Box::new(stream)), http2))
}

/// Waits for the first bytes, and leaves them where they are.
async fn knows_http2(socket: &TcpStream) -> std::io::Result<bool> {
    let mut begun = [0; PREFACE.len()];
    loop {
        let count = socket.peek(&mut begun).await?;
        let begun = begun.get(..count).unwrap_or_default();
        if begun == PREFACE {
            return Ok(true);
        }
        if begun.is_empty() || !PREFACE.starts_with(begun) {
            return Ok(false);
        }
        // What was looked at and not taken would be told of again at once.
        sleep(MORE).await;
    }
}
