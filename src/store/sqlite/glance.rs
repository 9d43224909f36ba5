use super::super::StoreError;
use super::super::retention::Retention;
use super::line::outcome;
use super::queries::Tx;
use super::{Conn, execute};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections for reads of a row or few by their keys, which take less time than handing them to a
/// thread and being woken by it. A page that is not in memory keeps the caller's thread waiting for the
/// disk: so nothing that reads many belongs here.
pub(super) struct Glances(Mutex<Vec<Conn>>);

impl Glances {
    pub(super) fn new(connections: Vec<Conn>) -> Self {
        Self(Mutex::new(connections))
    }

    /// Runs `work` on the calling thread, in one read transaction. `None` where it could not be done at
    /// once: all connections are in use, or the database is busy.
    pub(super) fn take<T, W>(&self, work: &W, epoch: &Arc<str>, kept: &Retention) -> Option<T>
    where
        W: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, StoreError>>,
    {
        let mut connection = self.lock().pop()?;
        let found = execute(&mut connection, "BEGIN").and_then(|()| {
            outcome(work, &mut Tx::new(&mut connection, Arc::clone(epoch), kept.clone()))
        });
        let _ = execute(&mut connection, if found.is_ok() { "COMMIT" } else { "ROLLBACK" });
        self.lock().push(connection);
        found.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Conn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
