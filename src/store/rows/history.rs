//! Changes, published and read.

use crate::model::{Change, ChangeType, Cursor, Document, Once, User, UserRef};

/// A change that a backend publishes.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Whose.
    pub user: UserRef,
    /// What kind.
    pub kind: ChangeType,
    /// What is said of it.
    pub data: Document,
    /// The call's key, where it has one.
    pub once: Option<Once>,
}

impl NewEvent {
    /// A change that comes without a key.
    pub fn new(user: UserRef, kind: ChangeType, data: Document) -> Self {
        Self { user, kind, data, once: None }
    }
}

/// What came of publishing.
#[derive(Debug, Clone)]
pub enum Published {
    /// Committed, now or by the first call with the same key.
    Done(Box<Change>),
    /// The key belongs to another call; nothing changed.
    Mismatch,
    /// No such user; nothing changed.
    UnknownUser,
    /// The merged document would be too large; nothing changed.
    TooLarge,
}

/// A user's present state and what came after a cursor.
#[derive(Debug, Clone)]
pub struct Since {
    /// The present document.
    pub user: User,
    /// The changes after the cursor, oldest first; `None` where the log does not hold them all.
    pub changes: Option<Vec<Change>>,
}

/// A page of a user's history.
#[derive(Debug, Clone)]
pub enum Page {
    /// The changes, oldest first, and where to go on.
    Changes(Vec<Change>, Cursor),
    /// The log does not reach back to the cursor, or it is another epoch's.
    Gone,
}
