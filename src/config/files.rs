use super::ConfigError;
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The bits by which anybody else on the machine may read or change a file.
const OTHERS: u32 = 0o007;

/// Refuses a file that is not there.
pub(super) fn file(flag: &str, given: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
    Ok(looked_at(flag, given)?.map(|(path, _)| path))
}

/// Refuses a file that is not there, or that strangers may read.
///
/// The group may: container platforms mount secrets readable by a group of one.
pub(super) fn private_file(
    flag: &str,
    given: Option<PathBuf>,
) -> Result<Option<PathBuf>, ConfigError> {
    let Some((path, metadata)) = looked_at(flag, given)? else { return Ok(None) };
    refuse_readable_by(OTHERS, flag, &path, &metadata)?;
    Ok(Some(path))
}

fn looked_at(
    flag: &str,
    given: Option<PathBuf>,
) -> Result<Option<(PathBuf, Metadata)>, ConfigError> {
    let Some(path) = given.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    let metadata = fs::metadata(&path).map_err(|error| {
        ConfigError::new(flag, format!("cannot read {}: {error}", path.display()))
    })?;
    if !metadata.is_file() {
        return Err(ConfigError::new(flag, format!("{} is not a file", path.display())));
    }
    Ok(Some((path, metadata)))
}

/// The same of several.
pub(super) fn private_files(flag: &str, given: Vec<PathBuf>) -> Result<Vec<PathBuf>, ConfigError> {
    given.into_iter().filter_map(|path| private_file(flag, Some(path)).transpose()).collect()
}

/// Refuses a folder that is not there.
pub(super) fn folder(flag: &str, given: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
    let Some(path) = given.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    let metadata = fs::metadata(&path).map_err(|error| {
        ConfigError::new(flag, format!("cannot read {}: {error}", path.display()))
    })?;
    if !metadata.is_dir() {
        return Err(ConfigError::new(flag, format!("{} is not a folder", path.display())));
    }
    Ok(Some(path))
}

/// Refuses a file whose mode has any of `bits`.
pub(super) fn refuse_readable_by(
    bits: u32,
    flag: &str,
    path: &Path,
    metadata: &Metadata,
) -> Result<(), ConfigError> {
    if metadata.permissions().mode() & bits == 0 {
        return Ok(());
    }
    let path = path.display();
    let message = format!(
        "others may read {path}: run chmod 600 {path}, and make a new secret if it was so for long"
    );
    Err(ConfigError::new(flag, message))
}
