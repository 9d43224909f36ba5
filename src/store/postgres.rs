//! PostgreSQL through a pool, each call a task of its own that a departing client cannot cancel.

#[expect(clippy::duplicate_mod, reason = "each query is compiled once for each database")]
#[path = "queries/mod.rs"]
pub(super) mod queries;

use super::{Hook, Kept, OpenError, Reference, StoreError};
use crate::bugs::{Bug, seeded};
use crate::clock::random_between;
use crate::model::Micros;
use diesel::result::{ConnectionError, ConnectionResult, DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{BigInt, Text};
use diesel_async::AsyncMigrationHarness;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use queries::Tx;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A call with everything in it: waiting for a connection, statements, COMMIT. A stopped server
/// times nothing out by itself.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long a call waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(1);

/// Connections a node holds.
const CONNECTIONS: u32 = 16;

/// Connections kept open for the next burst.
const IDLE: u32 = 4;

/// How often a transaction that lost a race (deadlock, serialization) is run again.
const TRIES: usize = 4;

/// The key of the lock under which one node at a time migrates; any number that others leave alone.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(4707123370150922)";

/// The connection that queries take here.
pub(super) type Conn = AsyncPgConnection;

/// A pool of connections to one PostgreSQL database.
pub(super) struct Postgres {
    url: String,
    pool: Pool<AsyncPgConnection>,
    epoch: Arc<RwLock<Arc<str>>>,
    kept: Kept,
    hook: Hook,
    runtime: Handle,
}

#[derive(diesel::QueryableByName)]
struct Moment {
    #[diesel(sql_type = Text)]
    timeline: String,
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl Postgres {
    /// A pool that connects when it is first used, on this runtime: a connection belongs to the
    /// runtime that made it, and a web worker's own ends with the worker.
    pub(super) fn new(url: &str, kept: Kept, hook: Hook, reference: Reference) -> Self {
        let epoch = Arc::new(RwLock::new(Arc::from("")));
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        config.recycling_method = RecyclingMethod::Fast;
        let seen = Arc::clone(&epoch);
        config.custom_setup = Box::new(move |url| {
            connect(url.to_owned(), Arc::clone(&seen), Arc::clone(&reference)).boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(IDLE))
            .connection_timeout(ACQUIRE)
            .test_on_check_out(false)
            .build_unchecked(manager);
        let runtime = Handle::current();
        Self { url: url.to_owned(), pool, epoch, kept, hook, runtime }
    }

    /// Brings the tables up to date, one node at a time.
    pub(super) async fn prepare(&self) -> Result<(), OpenError> {
        let url = self.url.clone();
        let migrated = self.runtime.spawn(async move { migrate(&url).await });
        migrated.await.unwrap_or_else(|error| Err(OpenError::Prepare(error.into())))
    }

    /// Runs `work` in a transaction of its own and tells the hook after the COMMIT.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.run(work, "BEGIN").await
    }

    /// Runs `work` in a read-only transaction that sees one moment.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.run(work, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn run<T, W>(&self, work: W, begin: &'static str) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let (pool, epoch, kept, hook) =
            (self.pool.clone(), Arc::clone(&self.epoch), self.kept, Arc::clone(&self.hook));
        let task = self.runtime.spawn(async move {
            let attempts = async {
                let mut tries = 1;
                loop {
                    match attempt(&pool, &epoch, kept, &hook, &work, begin).await {
                        Err(StoreError::Unavailable(source))
                            if tries < TRIES && lost_a_race(&*source) =>
                        {
                            tries += 1;
                        }
                        outcome => return outcome,
                    }
                }
            };
            // The attempt is dropped with its connection, which the pool then finds in the middle
            // of a transaction and closes.
            tokio::time::timeout(DEADLINE, attempts)
                .await
                .unwrap_or_else(|elapsed| Err(StoreError::unavailable(elapsed)))
        });
        task.await.unwrap_or(Err(StoreError::Panicked))
    }
}

async fn attempt<T, W>(
    pool: &Pool<AsyncPgConnection>,
    epoch: &RwLock<Arc<str>>,
    kept: Kept,
    hook: &Hook,
    work: &W,
    begin: &str,
) -> Result<T, StoreError>
where
    W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>,
{
    let mut connection = pool.get_owned().await.map_err(StoreError::unavailable)?;
    let epoch = Arc::clone(&epoch.read().unwrap_or_else(PoisonError::into_inner));
    AnsiTransactionManager::begin_transaction_sql(&mut *connection, begin).await?;
    let mut tx = Tx::new(&mut connection, epoch, kept);
    let outcome = work(&mut tx).await;
    let (effects, kept) = (std::mem::take(&mut tx.effects), outcome.is_ok() && !tx.undone);
    let kept = kept && !(seeded(Bug::AnswersBeforeCommit) && random_between(1, 8) == 1);
    if !kept {
        // What undid the work is the answer, even where the connection is lost with it.
        let _ = AnsiTransactionManager::rollback_transaction(&mut *connection).await;
        return outcome;
    }
    AnsiTransactionManager::commit_transaction(&mut *connection).await?;
    if !effects.is_empty() {
        hook(effects);
    }
    outcome
}

/// Whether the transaction was undone for another's sake (PostgreSQL 40001 and 40P01), so that
/// running it again is right.
fn lost_a_race(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    match source.downcast_ref::<QueryError>() {
        Some(QueryError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(QueryError::DatabaseError(_, information)) => {
            information.message().contains("deadlock detected")
        }
        _ => false,
    }
}

/// A connection with its time-outs set, after reading which history the server is on and what time
/// it has: a promoted standby is met by a new connection.
async fn connect(
    url: String,
    epoch: Arc<RwLock<Arc<str>>>,
    reference: Reference,
) -> ConnectionResult<AsyncPgConnection> {
    let mut connection = AsyncPgConnection::establish(&url).await?;
    let settings = "SET statement_timeout = '2s'; SET lock_timeout = '2s'; \
        SET idle_in_transaction_session_timeout = '5s'; SET timezone = 'UTC'";
    connection.batch_execute(settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    let moment = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline, \
        (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT AS micros";
    let moment: Moment = diesel::sql_query(moment)
        .get_result(&mut connection)
        .await
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    let own = queries::meta::epoch(&mut connection)
        .await
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    let own = if seeded(Bug::WrongEpoch) { std::process::id().to_string() } else { own };
    reference(Micros(moment.micros));
    *epoch.write().unwrap_or_else(PoisonError::into_inner) =
        format!("{own}/{}", moment.timeline).into();
    Ok(connection)
}

/// Brings the tables up to date, one node at a time: the others wait for the lock and then find
/// nothing to do. The lock goes with the connection.
async fn migrate(url: &str) -> Result<(), OpenError> {
    let connection = tokio::time::timeout(DEADLINE, AsyncPgConnection::establish(url)).await;
    let mut connection = connection
        .map_err(|elapsed| OpenError::Unreachable(elapsed.into()))?
        .map_err(|error| OpenError::Unreachable(error.into()))?;
    connection
        .batch_execute(MIGRATION_LOCK)
        .await
        .map_err(|error| OpenError::Prepare(error.into()))?;
    let mut harness = AsyncMigrationHarness::new(connection);
    harness.run_pending_migrations(MIGRATIONS).map_err(OpenError::Prepare)?;
    Ok(())
}
