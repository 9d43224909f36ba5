//! Gets every committed change to whoever listens on this node, once and in order.

mod history;

pub use history::{CaughtUp, History, HistoryUnavailable};
