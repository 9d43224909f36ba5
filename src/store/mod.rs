//! The two databases behind one contract: every operation here is one transaction, or one read.
//!
//! - A write is answered after its COMMIT, and goes on to its end whether or not the caller still
//!   waits; what it tells the rest of the process ([`Effect`]) goes to the hook given at opening,
//!   after the COMMIT and before the answer, on SQLite in commit order.
//! - "Not there" is an `Option` or an outcome, never an error. [`StoreError`] means that the
//!   database could not say.
//! - Every query is written once, in `queries/`, and compiled for both databases.

mod error;
mod migrations;
mod operations;
mod postgres;
mod retention;
mod rows;
mod schema;
mod sqlite;
mod stamps;

pub use error::{BadServer, OpenError, StoreError};
pub use operations::Store;
pub use rows::{
    Allowed, ApiKey, Candidate, ClaimedLetters, Confirmed, Deleted, Denied, FirstSight, Hash,
    Issued, Link, LinkState, NewEvent, NewLink, NewPassword, NewReset, NewSession, Page, Proved,
    Published, Put, PutUser, Queue, QueuedLetter, Recorded, Refreshed, Resent, Reset, ResetState,
    Rotation, Session, SignUp, Since, Tenant, Ticket, Tried, WantedLink,
};
pub use rows::{DeadMessage, ListedWebhook, Which};

use crate::model::{Effect, Micros};
use std::sync::Arc;

/// Told what a transaction changed, after its COMMIT. Called from the writer's thread on SQLite:
/// it must not block.
pub type Hook = Arc<dyn Fn(Vec<Effect>) + Send + Sync>;

/// What of a user's history is kept, whichever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// So many changes of each user.
    pub changes: i64,
    /// For so long.
    pub age: std::time::Duration,
}

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its clock; `None` for SQLite, whose clock is the process's.
    pub now: Option<Micros>,
    /// The history it is on: another one after a failover, or after `afterclick restored`.
    pub epoch: Arc<str>,
}

/// Told the database's clock whenever a connection is made, on PostgreSQL.
pub type Reference = Arc<dyn Fn(Micros) + Send + Sync>;
