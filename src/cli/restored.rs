use super::CliError;
use crate::app::Parts;
use crate::config::Config;

/// Draws the database's epoch anew.
///
/// A backup knows less than the clients do: they hold versions that it will give out again for
/// other changes. Under another epoch nobody compares the two.
pub(super) async fn run(config: &Config) -> Result<(), CliError> {
    Parts::open(config).await?.store.restored().await.map_err(CliError::failed)
}
