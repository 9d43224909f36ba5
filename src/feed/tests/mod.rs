//! The feed over a history in memory.

mod bells;
mod bus;
mod endings;
mod hub;
mod known;
pub(crate) mod memory;
mod reconcile;
mod subscription;
mod welcome;
