//! Every query, once; compiled for each database with its own `Conn`.
//!
//! A write about an address writes the address's row first, then users' rows: one order, so that
//! two rivals' clicks wait for each other instead of deadlocking.

pub(crate) mod addresses;
pub(crate) mod audit;
pub(crate) mod backend;
pub(crate) mod changes;
pub(crate) mod codes;
pub(crate) mod confirm;
pub(crate) mod deliveries;
pub(crate) mod deny;
pub(crate) mod hold;
pub(crate) mod idempotency;
pub(crate) mod issue;
pub(crate) mod keys;
pub(crate) mod letters;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod meta;
pub(crate) mod passwords;
pub(crate) mod prepared;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod put;
pub(crate) mod remove;
pub(crate) mod resend;
pub(crate) mod said;
pub(crate) mod sessions;
pub(crate) mod shown;
pub(crate) mod sign_up;
pub(crate) mod tenants;
pub(crate) mod tickets;
pub(crate) mod users;
pub(crate) mod webhook_messages;
pub(crate) mod webhooks;

use super::Conn;
use crate::model::Effect;
use crate::store::retention::Retention;
use std::sync::Arc;

/// What a transaction works with.
pub(crate) struct Tx<'c> {
    /// The connection, inside a transaction.
    pub(crate) conn: &'c mut Conn,
    /// The database's part of every user's epoch.
    pub(crate) epoch: Arc<str>,
    /// What of each user's history is kept.
    pub(crate) kept: Retention,
    /// What to tell the rest of the process after the COMMIT.
    pub(crate) effects: Vec<Effect>,
    /// Set by work that answers something but is to leave nothing behind.
    pub(crate) undone: bool,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c mut Conn, epoch: Arc<str>, kept: Retention) -> Self {
        Self { conn, epoch, kept, effects: Vec::new(), undone: false }
    }
}
