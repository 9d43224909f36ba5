use super::CliError;
use crate::app::Parts;
use crate::config::Config;

/// Brings the tables up to date.
pub(super) async fn run(config: &Config) -> Result<(), CliError> {
    // Opening does so before anything is read.
    Parts::open(config).await?;
    Ok(())
}
