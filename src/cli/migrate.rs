use super::CliError;
use crate::app::Parts;
use crate::config::Config;

/// Brings the tables up to date.
pub(super) async fn run(config: &Config) -> Result<(), CliError> {
    Parts::open(config).await?;
    Ok(())
}
