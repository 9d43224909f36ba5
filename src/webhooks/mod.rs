//! Webhooks: a tenant's changes, sent to its backend after the manner of [Standard Webhooks].
//!
//! A message is queued in the database with the change that it tells. The [`Worker`] leases it,
//! signs it with a secret that is derived then ([`SigningSecret`]), and has a [`Sender`] carry it,
//! which goes nowhere that [`Reach`] does not allow. Whatever comes back is settled in the queue:
//! each message arrives at least once, under one id, and those of one user in order.
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

mod answer;
mod attempt;
mod queue;
mod reach;
mod resolver;
mod secret;
mod sender;
mod target;
mod worker;

pub use answer::Answer;
pub use queue::{Messages, MessagesUnavailable};
pub use reach::Reach;
pub use secret::SigningSecret;
pub use sender::{Sender, Signed};
pub use target::{BadTarget, target};
pub use worker::{LEASE, Worker};
