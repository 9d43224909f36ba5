//! What an operator sees: logs on standard error, and metrics for `/metrics`.
//!
//! A log line is a sentence for people with its facts as dotted fields (`user.id`, `stream.count`).
//! Addresses are masked, tokens and query strings are never logged, and a failure is logged once,
//! where it is answered.

mod catalogue;
mod lines;
mod logs;
mod metrics;

pub use logs::{BadFilter, Format, Logs};
pub use metrics::Metrics;
