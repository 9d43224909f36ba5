use super::serve::HEAD;
use crate::http::Turn;
use actix_web::rt::net::TcpStream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A connection whose client must send each head within [`HEAD`] of its first byte.
///
/// actix bounds the first head of a connection only. Of a second one that never ends it would hold
/// the connection for ever, since its first byte ends the bound on keep-alive.
#[derive(Debug)]
pub(super) struct Paced {
    socket: TcpStream,
    turn: Turn,
    /// Runs while a head is being read; boxed, as it is the exception.
    head: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub fn new(socket: TcpStream) -> Self {
        Self { socket, turn: Turn::default(), head: None }
    }

    /// Whose turn it is, for the requests to say.
    pub fn turn(&self) -> Turn {
        self.turn.clone()
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if self.turn.is_ours() {
            self.head = None;
            return read;
        }
        if buffer.filled().len() > before && self.head.is_none() {
            self.head = Some(Box::pin(sleep(HEAD)));
        }
        if read.is_ready() {
            return read;
        }
        match &mut self.head {
            Some(head) => {
                ready!(head.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
