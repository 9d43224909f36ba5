use super::connection::Wire;
use super::serve::HEAD;
use super::web::IDLE;
use crate::http::Turn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What ends every head; where what was read ends with it too, no part of another head is behind.
const END_OF_HEAD: [u8; 4] = *b"\r\n\r\n";

/// A connection whose client must send each head within [`HEAD`] of its first byte.
///
/// actix bounds the first head of a connection only, and not from when the connection was made. Of a
/// second one that never ends it would hold the connection for ever, since its first byte ends the
/// bound on keep-alive.
#[derive(Debug)]
pub(super) struct Paced {
    wire: Wire,
    /// What was read from the wire before, and is to be read first.
    begun: Vec<u8>,
    turn: Turn,
    /// The heads that were read when it was last the client's turn.
    heads: u64,
    /// The last bytes that were read, and when.
    tail: [u8; 4],
    read_at: Instant,
    waits: Waits,
    timer: Pin<Box<Sleep>>,
}

/// What is waited for, at most until the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// The end of a head that has begun, or may have.
    Head,
    /// The first byte of the next.
    Next,
}

impl Paced {
    /// A connection whose first head must have come `by` then, and has `begun` so.
    pub fn new(wire: Wire, by: Instant, begun: Vec<u8>) -> Self {
        let (turn, read_at) = (Turn::default(), Instant::now());
        let timer = Box::pin(sleep_until(by));
        Self { wire, begun, turn, heads: 0, tail: [0; 4], read_at, waits: Waits::Head, timer }
    }

    /// Whose turn it is, for the requests to say.
    pub fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// It is the client's turn again: part of its next head may have come with the last request.
    fn begin(&mut self) {
        let behind = self.tail != END_OF_HEAD && !self.turn.had_body();
        self.wait(if behind { Waits::Head } else { Waits::Next });
    }

    fn wait(&mut self, waits: Waits) {
        self.waits = waits;
        let until = match waits {
            // Since its first byte came, and not since that was noticed.
            Waits::Head => self.read_at + HEAD,
            // actix ends it first, unless part of a head came behind a body.
            Waits::Next => Instant::now() + IDLE + HEAD,
        };
        self.timer.as_mut().reset(until);
    }

    /// Keeps the last four bytes of all that was read.
    fn remember(&mut self, read: &[u8]) {
        if read.is_empty() {
            return;
        }
        self.read_at = Instant::now();
        let new = read.len().min(4);
        self.tail.rotate_left(new);
        let last = read.iter().rev().zip(self.tail.iter_mut().rev()).take(new);
        last.for_each(|(byte, kept)| *kept = *byte);
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let ours = self.turn.is_ours();
        if !ours && self.heads != self.turn.heads() {
            self.heads = self.turn.heads();
            self.begin();
        }
        let before = buffer.filled().len();
        let read = if self.begun.is_empty() {
            Pin::new(&mut self.wire).poll_read(context, buffer)
        } else {
            let some = self.begun.len().min(buffer.remaining());
            buffer.put_slice(&self.begun[..some]);
            self.begun.drain(..some);
            Poll::Ready(Ok(()))
        };
        let new = buffer.filled().get(before..).unwrap_or_default();
        self.remember(new);
        if ours {
            return read;
        }
        if !new.is_empty() && self.waits != Waits::Head {
            self.wait(Waits::Head);
        }
        if read.is_ready() {
            return read;
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}
