//! SQLite on threads of its own: one that writes, in groups, and a few that read. What only looks a row
//! up is done where it is asked for.
//!
//! diesel-async's wrapper would run each query on tokio's blocking pool, and a dropped request
//! then panics or leaves its transaction open. Here work runs to its end on a connection that nobody
//! else uses meanwhile, and cannot be cancelled.

mod backup;
mod direct;
mod glance;
mod line;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

#[expect(clippy::duplicate_mod, reason = "each query is compiled once for each database")]
#[path = "../queries/mod.rs"]
pub(super) mod queries;

pub(super) use backup::backup;

use super::retention::Retention;
use super::{Hook, Moment, OpenError, StoreError, migrations};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
pub(super) use direct::RunQueryDsl;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use glance::Glances;
use line::{Job, Line};
use queries::Tx;
use queries::prepared::Prepare;
use std::fs::File;
use std::future::{Ready, ready};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::{Told, Writer};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Work that may wait for the writer: some 100 ms of it at 9,000 transactions a second.
const WRITES_WAITING: usize = 1024;

/// Work that may wait for the readers.
const READS_WAITING: usize = 4096;

/// WAL, so that readers never wait for the writer; FULL, so that an answered commit survives the
/// machine's own failure (group commit pays for it). The time-out first: whoever served the file before
/// may still be closing it.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456; \
    PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 16000; PRAGMA foreign_keys = OFF;";

/// What is set for glances besides: they wait for nobody, and keep few pages, most being mapped.
const GLANCES: &str = "PRAGMA busy_timeout = 0; PRAGMA cache_size = -2048;";

/// The connection that queries take here.
pub(super) type Conn = SqliteConnection;

/// Waits until no other transaction has the turn that `_name` names: here there is one at a time.
fn take_turn(_: &mut Conn, _name: &str) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// There is one writer, and so nothing to lock or to leave out.
pub(super) const SKIP_LOCKED: &str = "";

/// A transaction that writes has the whole database to itself.
pub(super) const ONE_WRITER: bool = true;

/// `RETURNING` costs more than to ask for the row once it is written: SQLite makes a table for it and
/// drops it again, each time.
pub(super) const RETURNS: bool = false;

/// An open SQLite file and its threads, which end when this is dropped.
pub(super) struct Sqlite {
    writes: Line,
    reads: Line,
    glances: Glances,
    told: Told,
    epoch: Arc<str>,
    /// What of each user's history is kept.
    pub(super) kept: Retention,
    /// Held so that a second server on the same file is refused.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens or makes the file and brings its tables up to date.
    ///
    /// `serving` takes the file for this process alone; a command beside a running server does not.
    pub(super) fn open(
        path: &Path,
        readers: usize,
        serving: bool,
        kept: Retention,
        hook: Hook,
    ) -> Result<Self, OpenError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let lock = serving.then(|| lock(path)).transpose()?;
        let mut connection = connect(path)?;
        migrations::migrate(&mut connection, MIGRATIONS).map_err(OpenError::Prepare)?;
        let epoch = prepare(connection).now_or_never();
        let (connection, epoch) = epoch
            .unwrap_or(Err(StoreError::Panicked))
            .map_err(|error| OpenError::Prepare(error.into()))?;

        let writes = Line::new(WRITES_WAITING);
        let told = Told::default();
        let thread = Writer {
            connection,
            epoch: Arc::clone(&epoch),
            kept: kept.clone(),
            hook,
            told: told.clone(),
        };
        thread.spawn(writes.receiver())?;
        let reads = Line::new(READS_WAITING);
        let mut glances = Vec::new();
        for _ in 0..readers.max(1) {
            let reader = connect_to_read(path, "")?;
            reader::spawn(reads.receiver(), reader, Arc::clone(&epoch), kept.clone())?;
            glances.push(connect_to_read(path, GLANCES)?);
        }
        let glances = Glances::new(glances);
        Ok(Self { writes, reads, glances, told, epoch, kept, _lock: lock })
    }

    /// Whether the hook has been told of all that can be read by now.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_all()
    }

    /// Which history the file is on. Its clock is the process's.
    pub(super) fn moment(&self) -> Moment {
        Moment { now: None, epoch: Arc::clone(&self.epoch) }
    }

    /// Runs `work` in a transaction on the writer's thread; the answer comes after the COMMIT.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        let (job, answer) = Job::new(work);
        self.writes.push(job)?;
        answer.await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Runs `work` on a reader's thread, in one read transaction.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        let (job, answer) = Job::new(work);
        self.reads.push(job)?;
        answer.await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Runs `work` where it is called, or where that cannot be now like [`Self::read`]. For what looks a
    /// row or few up by their keys.
    pub(super) async fn glance<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        match self.glances.take(&work, &self.epoch, &self.kept) {
            Some(found) => Ok(found),
            None => self.read(work).await,
        }
    }
}

fn connect_to_read(path: &Path, settings: &str) -> Result<Conn, OpenError> {
    let mut connection = connect(path)?;
    let set = connection.batch_execute(&format!("PRAGMA query_only = ON; {settings}"));
    set.map_err(|error| OpenError::Prepare(error.into()))?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<SqliteConnection, OpenError> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|error| OpenError::Prepare(error.into()))?;
    connection.batch_execute(SETTINGS).map_err(|error| OpenError::Prepare(error.into()))?;
    Ok(connection)
}

/// Runs a statement that answers nothing.
fn execute(connection: &mut Conn, statement: &str) -> Result<(), StoreError> {
    let done = diesel::sql_query(statement).prepared().execute(connection).into_inner();
    done.map(drop).map_err(StoreError::from)
}

/// Draws the database's epoch where it has none, and reads it.
async fn prepare(mut connection: Conn) -> Result<(Conn, Arc<str>), StoreError> {
    let epoch = queries::meta::epoch(&mut connection).await?;
    Ok((connection, epoch.into()))
}

/// Locks a file beside the database: SQLite's own locks are per transaction.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = PathBuf::from(path).into_os_string();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(OpenError::File(error)),
    }
}
