use super::{Scratch, answer, head};
use crate::app::paced::Paced;
use crate::app::serve::HEAD;
use crate::app::web::IDLE;
use crate::clock::Clock;
use actix_http::body::BoxBody;
use actix_http::{ConnectionType, Request, Response};
use actix_service::Service;
use actix_web::rt::net::TcpStream;
use std::future::{pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

/// The longest head that is looked at; a longer one is actix's.
const MOST: usize = 16 * 1024;

/// Answers requests as long as they are ours; the first has come, at least in part. What is returned is
/// for actix: a connection from which it will read a request as if nobody had looked at it; `None`
/// where the connection has ended.
pub(in crate::app) async fn serve<S>(
    mut connection: TcpStream,
    peer: Option<SocketAddr>,
    app: &S,
    clock: &dyn Clock,
    stopping: &CancellationToken,
    scratch: &Scratch,
    mut by: Instant,
) -> Option<Paced>
where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
{
    loop {
        let request = match next(&mut connection, peer, scratch) {
            Next::Ours(request) => request,
            Next::Others(read) => return Some(Paced::new(Either::Left(connection), by, read)),
            Next::End => return None,
            Next::Nothing => {
                tokio::select! {
                    biased;
                    came = timeout(IDLE, connection.readable()) => came.ok()?.ok()?,
                    () = stopping.cancelled() => return None,
                }
                by = Instant::now() + HEAD;
                continue;
            }
        };
        let last = request.head().connection_type() == ConnectionType::Close;
        let response: Response<BoxBody> = tokio::select! {
            biased;
            answer = app.call(request) => answer.map_or_else(Into::into, Into::into),
            () = gone(&connection) => return None,
        };
        let last = last || !response.head().keep_alive();
        answer::write(&mut connection, response, last, clock, scratch).await.ok()?;
        if last {
            // Whoever is gone already needs no goodbye.
            let _ = connection.shutdown().await;
            return None;
        }
    }
}

/// Waits until the client is gone. One that has sent more meanwhile is not looked at: a write will
/// tell.
async fn gone(connection: &TcpStream) {
    if poll_fn(|context| peeked(connection, context)).await.is_ok_and(|some| some) {
        pending::<()>().await;
    }
}

/// Whether there is something to read, or else the client has closed its half.
pub(super) fn peeked(connection: &TcpStream, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
    let mut first = [0];
    let read = ready!(connection.poll_peek(context, &mut ReadBuf::new(&mut first)))?;
    Poll::Ready(Ok(read > 0))
}

/// What has come.
enum Next {
    /// A whole request that is answered here.
    Ours(Request),
    /// Something else, as it was read.
    Others(Vec<u8>),
    /// The client's end.
    End,
    /// Nothing yet.
    Nothing,
}

/// Takes the request that has come, if it is whole and ours.
fn next(connection: &mut TcpStream, peer: Option<SocketAddr>, scratch: &Scratch) -> Next {
    let mut scratch = scratch.borrow_mut();
    scratch.clear();
    scratch.reserve(MOST);
    let mut context = Context::from_waker(Waker::noop());
    let mut read = ReadBuf::uninit(&mut scratch.spare_capacity_mut()[..MOST]);
    match Pin::new(connection).poll_read(&mut context, &mut read) {
        Poll::Ready(Ok(())) if read.filled().is_empty() => Next::End,
        Poll::Ready(Ok(())) => match head::read(read.filled(), peer) {
            Some(request) => Next::Ours(request),
            None => Next::Others(read.filled().to_vec()),
        },
        Poll::Ready(Err(_)) => Next::End,
        Poll::Pending => Next::Nothing,
    }
}
