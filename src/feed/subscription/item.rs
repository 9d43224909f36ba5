use crate::feed::{End, Frame, Reason, Whole};
use std::sync::Arc;
use std::time::Duration;

/// What a listener gets next.
#[derive(Debug, Clone)]
pub enum Item {
    /// The whole state, because it cannot be shown by changes.
    Snapshot {
        /// Why not.
        reason: Reason,
        /// The state.
        user: Arc<Whole>,
    },
    /// The next change.
    Change(Arc<Frame>),
    /// The listener's cursor is the present one. Only ever the first item.
    Current,
    /// There is no such user (any more).
    Gone,
    /// The database could not be read. Only ever the first item; asking again reads again.
    Unavailable,
    /// The node is about to stop; the listener must be gone within this time. Comes once.
    Draining(Duration),
    /// The listener must go, now and before anything else.
    Ended(End),
}

/// The user has as many parked polls as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many polls of this user are waiting")]
pub struct TooManyPolls;
