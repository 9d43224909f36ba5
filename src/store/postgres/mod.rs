//! PostgreSQL through a pool, each call a task of its own that a departing client cannot cancel.

mod migrate;
mod server;
mod tls;

#[expect(clippy::duplicate_mod, reason = "each query is compiled once for each database")]
#[path = "../queries/mod.rs"]
pub(super) mod queries;

use super::retention::Retention;
use super::{BadServer, Hook, Moment, OpenError, Reference, StoreError};
use crate::bugs::{Bug, seeded};
use crate::clock::random_between;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::Text;
pub(super) use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use queries::Tx;
use server::{Meeting, Server};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

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

/// How often the first connection is waited for, [`ACQUIRE`] each time.
const REACHES: usize = 5;

/// How long migrations are waited for; they go on after it.
const MIGRATE: Duration = Duration::from_mins(6);

/// What a transaction may take of the server. Set for each, and not for its connection, which a
/// pooler in front of the server may give to somebody else (pgbouncer's transaction mode).
const WRITE: &str = "BEGIN; SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '2s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'";

/// The same for one that reads, and sees one moment.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL statement_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'";

/// The connection that queries take here.
pub(super) type Conn = AsyncPgConnection;

/// Waits until no other transaction has the turn that `name` names, and has it until this one ends.
/// A turn that two names share by chance is only waited for longer.
async fn take_turn(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Transactions that write are many, and lock what they write.
pub(super) const ONE_WRITER: bool = false;

/// `RETURNING` spares another way there and back.
pub(super) const RETURNS: bool = true;

/// Ends a query that locks rows to leave others' locked ones out.
pub(super) const SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// A pool of connections to one PostgreSQL database.
pub(super) struct Postgres {
    server: Arc<Server>,
    pool: Pool<AsyncPgConnection>,
    epoch: Arc<RwLock<Arc<str>>>,
    migrating: Arc<Mutex<()>>,
    /// What of each user's history is kept.
    pub(super) kept: Retention,
    hook: Hook,
    runtime: Handle,
}

impl Postgres {
    /// A pool that connects when it is first used, on this runtime: a connection belongs to the
    /// runtime that made it, and a web worker's own ends with the worker.
    pub(super) fn new(
        url: &str,
        kept: Retention,
        hook: Hook,
        reference: Reference,
    ) -> Result<Self, BadServer> {
        let server: Arc<Server> = Arc::new(url.parse()?);
        let meeting = Arc::new(Meeting::new(Arc::clone(&server), reference));
        let epoch = Arc::clone(&meeting.epoch);
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // Asks nothing of the server, but sees a connection that ended while nobody used it.
        config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|connection| {
            let broken = connection.is_broken();
            ready(if broken { Err(QueryError::BrokenTransactionManager) } else { Ok(()) }).boxed()
        }));
        config.custom_setup = Box::new(move |_url| {
            let meeting = Arc::clone(&meeting);
            async move { meeting.connect().await }.boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(IDLE))
            .connection_timeout(ACQUIRE)
            .test_on_check_out(true)
            .build_unchecked(manager);
        let (runtime, migrating) = (Handle::current(), Arc::default());
        Ok(Self { server, pool, epoch, migrating, kept, hook, runtime })
    }

    /// Brings the tables up to date, one node at a time.
    pub(super) async fn prepare(&self) -> Result<(), OpenError> {
        // diesel's migrations hold on to their thread, whatever becomes of the caller: so a server
        // that stands still holds one at most.
        let Ok(alone) = Arc::clone(&self.migrating).try_lock_owned() else {
            return Err(OpenError::Unreachable("migrations are still under way".into()));
        };
        let server = Arc::clone(&self.server);
        let migrated = self.runtime.spawn(async move {
            let migrated = migrate::migrate(&server).await;
            drop(alone);
            migrated
        });
        match tokio::time::timeout(MIGRATE, migrated).await {
            Ok(migrated) => migrated.map_err(|error| OpenError::Prepare(error.into()))??,
            Err(elapsed) => return Err(OpenError::Unreachable(elapsed.into())),
        }
        self.reach().await
    }

    /// Waits for the pool's first connection, which may take longer to make than a call waits.
    async fn reach(&self) -> Result<(), OpenError> {
        let mut tries = 1;
        loop {
            match self.pool.get().await {
                Ok(_) => return Ok(()),
                Err(_) if tries < REACHES => tries += 1,
                Err(error) => return Err(OpenError::Unreachable(error.into())),
            }
        }
    }

    /// What time the database has, and which history it is on.
    pub(super) async fn moment(&self) -> Result<Moment, StoreError> {
        self.read(|tx| {
            Box::pin(async {
                let now = server::now(tx.conn).await?;
                Ok(Moment { now: Some(now), epoch: Arc::clone(&tx.epoch) })
            })
        })
        .await
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
        self.run(work, WRITE).await
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
        self.run(work, READ).await
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
            (self.pool.clone(), Arc::clone(&self.epoch), self.kept.clone(), Arc::clone(&self.hook));
        let task = self.runtime.spawn(async move {
            let attempts = async {
                let mut tries = 1;
                loop {
                    match attempt(&pool, &epoch, &kept, &hook, &work, begin).await {
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
    kept: &Retention,
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
    let mut tx = Tx::new(&mut connection, epoch, kept.clone());
    let outcome = work(&mut tx).await;
    if outcome.as_ref().is_err_and(demoted) {
        // Left in its transaction, so that the pool closes the connection and looks for the primary.
        return outcome;
    }
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

/// Whether the transaction may have been undone for another's sake, so that running it again is
/// right: a serialization failure (40001), or a deadlock (40P01). The driver has no name for the
/// latter and keeps its SQLSTATE to itself, and its text is in the server's language; so whatever it
/// has no name for is tried again, within [`DEADLINE`].
fn lost_a_race(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(
        source.downcast_ref(),
        Some(QueryError::DatabaseError(
            DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::Unknown,
            _
        ))
    )
}

/// Whether the server has become a standby since the connection was made.
fn demoted(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    matches!(
        source.downcast_ref(),
        Some(QueryError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
    )
}
