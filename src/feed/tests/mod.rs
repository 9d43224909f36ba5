//! The feed over a history in memory.

mod bus;
mod endings;
mod hub;
pub(crate) mod memory;
mod reconcile;
mod subscription;
