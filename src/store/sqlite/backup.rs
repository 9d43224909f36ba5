use super::connect;
use crate::store::OpenError;
use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes a whole and compact copy of the database at `path` to `into`, beside a server that goes
/// on working: SQLite's `VACUUM INTO` reads one state of it, as of one moment.
///
/// Blocks for as long as it takes to read and write it all. The copy is on the disk when this
/// returns, and only its owner may read it.
///
/// # Errors
///
/// [`OpenError`], also where `into` exists; nothing of that name is left behind then.
pub(in crate::store) fn backup(path: &Path, into: &Path) -> Result<(), OpenError> {
    // Connecting would make it.
    fs::metadata(path)?;
    let unfinished = into.with_extension("part");
    let copied = copy(path, &unfinished).and_then(|()| Ok(fs::rename(&unfinished, into)?));
    if copied.is_err() {
        // What is left of it is of no use; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&unfinished);
    }
    copied
}

fn copy(path: &Path, into: &Path) -> Result<(), OpenError> {
    let mut connection = connect(path)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(into.to_string_lossy())
        .execute(&mut connection)
        .map_err(|error| OpenError::Prepare(error.into()))?;
    fs::set_permissions(into, Permissions::from_mode(0o600))?;
    Ok(File::open(into)?.sync_all()?)
}
