use super::server::Server;
use crate::store::{OpenError, migrations};
use diesel::result::Error as QueryError;
use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::time::Duration;
use tokio::time::timeout;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How long a server may take to be reached.
const REACH: Duration = Duration::from_secs(2);

/// Everything in one transaction that is undone as a whole, under a lock that ends with it: also
/// through a pooler that gives each transaction another connection. Others wait for the lock, then
/// find nothing to do. The key is any number that others leave alone.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '5min'; SET LOCAL lock_timeout = '1min'; \
    SELECT pg_advisory_xact_lock(4707123370150922)";

/// Brings the tables up to date, one node at a time.
pub(super) async fn migrate(server: &Server) -> Result<(), OpenError> {
    let connection = timeout(REACH, server.connect()).await;
    let mut connection = connection.map_err(|elapsed| OpenError::Unreachable(elapsed.into()))??;
    begin(&mut connection).await.map_err(|error| OpenError::Prepare(error.into()))?;
    let mut harness = AsyncMigrationHarness::new(connection);
    migrations::migrate(&mut harness, MIGRATIONS).map_err(OpenError::Prepare)?;
    let mut connection = harness.into_inner();
    let committed = AnsiTransactionManager::commit_transaction(&mut connection).await;
    committed.map_err(|error| OpenError::Prepare(error.into()))
}

async fn begin(connection: &mut AsyncPgConnection) -> Result<(), QueryError> {
    AnsiTransactionManager::begin_transaction_sql(connection, BEGIN).await
}
