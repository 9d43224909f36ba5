use crate::feed::Listener;
use crate::model::{Ending, EndingCode, Micros};
use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How a member is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// An event stream.
    Stream,
    /// A long poll.
    Poll,
}

impl Transport {
    /// The name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "sse",
            Self::Poll => "poll",
        }
    }
}

/// Why a member was ended from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// What the database says ended.
    Of(EndingCode),
    /// The user opened more streams than it may have, and this was the oldest.
    TooManyStreams,
    /// The key that signed its token counts no more.
    KeyGone,
}

/// A user's, in the order of their opening: copied on change, so that they are woken without the lock,
/// and left mostly by the oldest.
pub(super) type Members = Arc<VecDeque<Arc<Member>>>;

const STAYS: u8 = 0;

/// By how much the clock of the node that ended something may be behind this one's. Each keeps to
/// the database's within the time that an answer takes.
const CLOCKS_DIFFER: Duration = Duration::from_secs(1);

/// One stream or poll: how it is woken, and whether it must go.
///
/// The end is a flag of its own and not a message, so that no lag can lose it.
#[derive(Debug)]
pub(in crate::feed) struct Member {
    pub transport: Transport,
    pub listener: Listener,
    opened_at: Micros,
    waker: AtomicWaker,
    end: AtomicU8,
    parked: AtomicBool,
    /// The thread it was made on, and is polled on.
    pub home: ThreadId,
}

impl Member {
    pub fn new(transport: Transport, listener: Listener, opened_at: Micros) -> Self {
        Self {
            transport,
            listener,
            opened_at,
            waker: AtomicWaker::new(),
            end: AtomicU8::new(STAYS),
            parked: AtomicBool::new(false),
            home: thread::current().id(),
        }
    }

    /// Has `waker` woken by whatever happens next. What happened before must be looked for after
    /// this call, or it can be missed.
    pub fn listen(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Tells the member to go; the first reason stands.
    pub fn end(&self, end: End) {
        let code = match end {
            End::Of(EndingCode::SessionRevoked) => 1,
            End::Of(EndingCode::UserDeleted) => 2,
            End::Of(EndingCode::Disconnected) => 3,
            End::TooManyStreams => 4,
            End::KeyGone => 5,
        };
        let _ = self.end.compare_exchange(STAYS, code, Ordering::SeqCst, Ordering::SeqCst);
        self.wake();
    }

    pub fn ended(&self) -> Option<End> {
        match self.end.load(Ordering::SeqCst) {
            STAYS => None,
            1 => Some(End::Of(EndingCode::SessionRevoked)),
            2 => Some(End::Of(EndingCode::UserDeleted)),
            3 => Some(End::Of(EndingCode::Disconnected)),
            4 => Some(End::TooManyStreams),
            _ => Some(End::KeyGone),
        }
    }

    /// Whether `ending` means this member. An ending that is heard again (from the reconciler) spares
    /// who came after it: of credentials here, and a disconnection is told once.
    pub fn falls_to(&self, ending: &Ending) -> bool {
        let before = match (ending.code, ending.session) {
            (EndingCode::Disconnected, _) => self.opened_at <= ending.at.after(CLOCKS_DIFFER),
            (_, None) => self.listener.issued_at <= ending.at,
            (_, Some(_)) => true,
        };
        before && (ending.session.is_none() || ending.session == self.listener.session)
    }

    pub fn park(&self) {
        self.parked.store(true, Ordering::SeqCst);
    }

    pub fn is_parked(&self) -> bool {
        self.parked.load(Ordering::SeqCst)
    }

    /// Whether it counts as one of the user's streams: one told to go no longer does.
    pub fn is_live_stream(&self) -> bool {
        self.transport == Transport::Stream && self.ended().is_none()
    }
}
