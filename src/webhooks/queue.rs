use crate::model::{Delivery, Micros, Settled, WebhookId};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// The queue of messages cannot be read or written now; what was asked may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue of messages cannot be reached now")]
pub struct MessagesUnavailable;

/// What the worker reads and writes: the queue of messages, kept in the database.
///
/// Messages to one webhook about one user are given out one at a time, in the order in which the
/// user changed: the next when the one before is delivered or given up. A message that was given
/// out is leased: no other claim, on any node, returns it until the lease is over or it is settled.
pub trait Messages: Send + Sync + 'static {
    /// Leases messages until `now` and `lease`: of each webhook that is due and not `busy` up to
    /// `each`, and `limit` in all.
    fn claim(
        &self,
        now: Micros,
        lease: Duration,
        each: usize,
        limit: usize,
        busy: Vec<WebhookId>,
    ) -> BoxFuture<'static, Result<Vec<Delivery>, MessagesUnavailable>>;

    /// Records what became of a try. A message that is gone by now stays so.
    fn settle(
        &self,
        delivery: Delivery,
        settled: Settled,
        now: Micros,
    ) -> BoxFuture<'static, Result<(), MessagesUnavailable>>;
}
