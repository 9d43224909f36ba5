use diesel::backend::Backend;
use diesel::migration::{MigrationSource, Result};
use diesel_migrations::MigrationHarness;

/// Brings the tables up to date.
///
/// The log is told what begins, unless the database is new: where there is much to move, it may take long.
pub(super) fn migrate<DB: Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: impl MigrationSource<DB>,
) -> Result<()> {
    let new = harness.applied_migrations()?.is_empty();
    for migration in harness.pending_migrations(migrations)? {
        if !new {
            let name = migration.name();
            tracing::info!(migration = %name, "the tables are being changed: {name}");
        }
        harness.run_migration(&*migration)?;
    }
    Ok(())
}
