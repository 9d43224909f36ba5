use crate::config::{Config, Database, Secret};
use crate::store::{OpenError, Store};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// The database is PostgreSQL.
    #[error("PostgreSQL is backed up by its own tools, such as pg_dump: see README.md")]
    NotSqlite,
    /// The folder is there, and holds something.
    #[error("{0} is not empty: name a folder that is not there yet")]
    NotEmpty(PathBuf),
    /// A file could not be read or written.
    #[error("cannot write {0}")]
    File(PathBuf, #[source] io::Error),
    /// The database could not be copied.
    #[error("cannot copy the database")]
    Database(#[from] OpenError),
}

/// Copies the SQLite database, beside a server that goes on working, and the secret kept beside it
/// into a new `folder` that only its owner may enter; what was written.
///
/// Without the secret a restored database is of little use: links in mails that are under way, and
/// the refresh tokens of everybody who is logged in, are derived from it. One that was given by a
/// setting is not copied.
///
/// # Errors
///
/// [`BackUpError`].
pub fn back_up(config: &Config, folder: &Path) -> Result<Vec<PathBuf>, BackUpError> {
    let Database::Sqlite(database) = &config.database else { return Err(BackUpError::NotSqlite) };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| BackUpError::File(path, error)
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
    if fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
        return Err(BackUpError::NotEmpty(folder.to_owned()));
    }
    let copy = folder.join(database.file_name().unwrap_or(database.as_os_str()));
    Store::back_up_sqlite(database, &copy)?;
    let mut written = vec![copy];
    if let Secret::Kept(secret) = &config.secret {
        let copy = folder.join(secret.file_name().unwrap_or(secret.as_os_str()));
        // With its permissions, which are its owner's alone.
        fs::copy(secret, &copy).map_err(failed(secret))?;
        File::open(&copy).and_then(|file| file.sync_all()).map_err(failed(&copy))?;
        written.push(copy);
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    Ok(written)
}
