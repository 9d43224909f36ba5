use super::CliError;
use crate::app;
use crate::config::Config;

/// Serves until it is told to stop.
pub(super) async fn run(config: Config) -> Result<(), CliError> {
    tracing::info!(
        streams.max = config.max_streams,
        files.max = config.open_files,
        "at most {} streams at once, by --max-streams and an open-file limit of {}",
        config.max_streams,
        config.open_files,
    );
    Ok(app::serve(config).await?)
}
