//! Builds the parts, binds, serves, and drains in order. (Stands in for what is being written.)

use crate::config::{Config, ConfigError};
use crate::model::{Micros, OpaqueToken, TenantName, UserRef};
use std::time::Duration;

/// Why the service could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong, which only using it could tell.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen")]
    Listen(#[source] std::io::Error),
    /// Not here yet.
    #[error("this part is not here yet")]
    Missing,
}

/// What the commands work on.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Accounts and tokens.
    pub accounts: Accounts,
    /// The backends' side.
    pub publishing: Publishing,
}

impl Parts {
    /// Opens the database, without claiming it as a server does.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        std::future::ready(config.secret.load()).await?;
        Err(StartError::Missing)
    }
}

/// Serves until it is told to stop.
///
/// # Errors
///
/// Where it could not start.
pub async fn serve(config: Config) -> Result<(), StartError> {
    Parts::open(&config).await.map(|_| ())
}

/// The database.
pub struct Store;

impl Store {
    /// Draws the epoch anew.
    ///
    /// # Errors
    ///
    /// Not here yet.
    pub async fn restored(&self) -> Result<(), StartError> {
        std::future::ready(Err(StartError::Missing)).await
    }
}

/// The backends' side.
pub struct Publishing;

/// A key as it is listed.
pub struct ListedKey {
    /// Its id.
    pub id: String,
    /// Whose users it reaches.
    pub tenant: TenantName,
    /// What to know it by.
    pub name: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

impl Publishing {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// Not here yet.
    pub async fn create_key(&self, _: &str, _: TenantName) -> Result<OpaqueToken, StartError> {
        std::future::ready(Err(StartError::Missing)).await
    }

    /// Every key.
    ///
    /// # Errors
    ///
    /// Not here yet.
    pub async fn keys(&self) -> Result<Vec<ListedKey>, StartError> {
        std::future::ready(Err(StartError::Missing)).await
    }

    /// Ends a key.
    ///
    /// # Errors
    ///
    /// Not here yet.
    pub async fn revoke_key(&self, _: &str) -> Result<bool, StartError> {
        std::future::ready(Err(StartError::Missing)).await
    }
}

/// Accounts and tokens.
pub struct Accounts;

impl Accounts {
    /// Signs an access token.
    ///
    /// # Errors
    ///
    /// Not here yet.
    pub async fn issue_token(&self, _: UserRef, _: Duration) -> Result<OpaqueToken, StartError> {
        std::future::ready(Err(StartError::Missing)).await
    }
}
