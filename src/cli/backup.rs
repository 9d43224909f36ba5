use super::{CliError, print};
use crate::app::back_up;
use crate::config::Config;
use clap::Args;
use std::path::PathBuf;

/// Where to.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// A folder that is not there yet, or empty.
    folder: PathBuf,
}

/// Copies the database and the secret, and prints a line a file.
pub(super) fn run(config: &Config, command: &Backup) -> Result<(), CliError> {
    for file in back_up(config, &command.folder).map_err(CliError::failed)? {
        print(file.display())?;
    }
    Ok(())
}
