//! Builds the parts, binds, serves, and drains in order.

mod backup;
mod connection;
mod date;
mod front;
mod history;
mod http2;
mod lean;
mod messages;
mod outbox;
mod paced;
mod parts;
mod post;
mod sending;
mod serve;
mod socket;
mod tenants;
mod tls;
mod trust;
mod upkeep;
mod watched;
mod web;

pub use backup::{BackUpError, back_up};
pub use parts::Parts;
pub use serve::{Server, serve};
pub use tls::check_certificate;

use crate::accounts::issuers::IssuersError;
use crate::accounts::tokens::SigningKeyError;
use crate::config::ConfigError;
use crate::store::{BadServer, OpenError};

/// Why the service could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong, which only using it could tell.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// The database cannot be used.
    #[error("cannot use the database")]
    Database(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("cannot listen")]
    Listen(#[source] std::io::Error),
    /// The server ended by itself.
    #[error("the server ended")]
    Ended(#[source] std::io::Error),
}

impl From<IssuersError> for StartError {
    fn from(error: IssuersError) -> Self {
        Self::Setting(ConfigError::new("issuers", error.to_string()))
    }
}

impl From<BadServer> for StartError {
    fn from(error: BadServer) -> Self {
        Self::Setting(ConfigError::new("database", error.to_string()))
    }
}

impl From<SigningKeyError> for StartError {
    fn from(error: SigningKeyError) -> Self {
        Self::Setting(ConfigError::new("signing-key", error.to_string()))
    }
}
