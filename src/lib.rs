//! Afterclick verifies e-mail addresses and tells every open tab and device of the user at once.
//!
//! The database row is the truth: a user's state and a version that grows by one in the same
//! transaction as the change. Everything downstream carries whole states with their version and
//! applies only what is newer, so a lost, repeated, or reordered message makes nobody wrong for
//! longer than a heartbeat.
//!
//! # The way of a click
//!
//! 1. `POST /verify/{token}` ([`http`]) calls [`verification`]'s `confirm`.
//! 2. [`store`] verifies the address in one transaction: the link spent where it was unspent, the
//!    user's row with its next version, the change beside it, the rivals for the address removed.
//! 3. After the COMMIT, and before the answer, [`store`] tells its hook, which [`app`] ties to the
//!    [`feed`].
//! 4. The [`feed`]'s hub gives the change to the user's channel, and the bus a hint to other nodes.
//! 5. Each stream writes the frame, encoded once; each parked poll answers.
//!
//! # The map
//!
//! Imports go down; `tests/layers.rs` holds it.
//!
//! | room | what lives there |
//! |---|---|
//! | [`cli`] | arguments and commands |
//! | [`app`] | builds the parts, binds, serves, drains |
//! | [`http`] | the route table, who is asking, problems, stream and poll writers, pages |
//! | [`accounts`] | sign up, log in, refresh, log out, tokens, issuers, passwords |
//! | [`verification`] | ask for a mail, click, type a code, deny |
//! | [`publishing`] | what an application's backend may do |
//! | [`feed`] | who listens here, and getting every committed change to them once, in order |
//! | [`store`] | two databases, one set of queries, every operation a transaction |
//! | [`mail`] | the queue's worker, templates, transports |
//! | [`webhooks`] | the messages' worker, their signatures, and where they may go |
//! | [`model`], [`clock`] | plain values; the only clock and the only dice |
//! | [`bugs`] | what the tests of the tests break on purpose; nothing of it is in a release |
//! | [`config`], [`telemetry`] | settings; logs and metrics. Named by `cli` and `app` only |
#![warn(clippy::expect_used, clippy::unwrap_used)]

pub mod accounts;
pub mod app;
pub mod bugs;
pub mod cli;
pub mod clock;
pub mod config;
pub mod feed;
pub mod http;
pub mod mail;
pub mod model;
pub mod publishing;
pub mod store;
pub mod telemetry;
pub mod verification;
pub mod webhooks;
