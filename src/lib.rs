//! Afterclick verifies e-mail addresses and tells every open tab and device of the user at once.
#![warn(clippy::unwrap_used)]

pub mod accounts;
pub mod app;
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
