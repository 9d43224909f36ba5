//! What users, devices, backends, and operators see, over real sockets.

mod clicks;
mod support;
