//! Whose turn it is on a connection: a client that has the next head to send, or us.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Whether a connection has a request under way; shared by the connection and its requests, which
/// are of one thread.
#[derive(Debug, Clone, Default)]
pub struct Turn(Rc<State>);

#[derive(Debug, Default)]
struct State {
    ours: Cell<bool>,
    heads: Cell<u64>,
    body: Cell<bool>,
}

impl Turn {
    /// Whether a head was read and its answer is not yet written.
    pub fn is_ours(&self) -> bool {
        self.0.ours.get()
    }

    /// How many heads were read so far. A request that is answered at once begins and ends between
    /// two looks at [`Self::is_ours`].
    pub fn heads(&self) -> u64 {
        self.0.heads.get()
    }

    /// Whether the last of them announced a body.
    pub fn had_body(&self) -> bool {
        self.0.body.get()
    }

    /// Ours from now on, until what is returned is dropped. `body`: whether one was announced.
    pub(super) fn take(&self, body: bool) -> Taken {
        self.0.ours.set(true);
        self.0.heads.set(self.0.heads.get() + 1);
        self.0.body.set(body);
        Taken(self.clone())
    }
}

/// Gives the turn back to the client when dropped.
#[derive(Debug)]
pub(super) struct Taken(Turn);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.0.ours.set(false);
    }
}

/// A body with which the turn ends.
pub(super) struct LastOf {
    pub(super) body: BoxBody,
    pub(super) turn: Option<Taken>,
}

impl MessageBody for LastOf {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if matches!(next, Poll::Ready(None)) {
            self.turn = None;
        }
        next
    }
}
