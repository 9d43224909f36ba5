use super::CliError;
use crate::app;
use crate::config::Config;

/// Serves until it is told to stop.
pub(super) async fn run(config: Config) -> Result<(), CliError> {
    Ok(app::serve(config).await?)
}
