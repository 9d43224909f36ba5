//! The database, whichever it is, and its operations by topic.

use super::postgres::Postgres;
use super::retention::Retention;
use super::sqlite::{self, Sqlite};
use super::{BadServer, Hook, Kept, OpenError, Reference};
use crate::model::TenantName;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The database, whichever it is. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Database>);

enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Runs one query on whichever database there is: a query is compiled once for each, and this is
/// the only place that knows there are two.
macro_rules! on_either {
    ($store:ident.glance, $($query:tt)*) => { on_either!($store.glance or read, $($query)*) };
    ($store:ident.$run:ident, $($query:tt)*) => { on_either!($store.$run or $run, $($query)*) };
    ($store:ident.$on_sqlite:ident or $on_postgres:ident, $($query:ident)::+($($argument:ident),*)) => {
        match &*$store.0 {
            Database::Sqlite(database) => {
                database
                    .$on_sqlite(move |tx| {
                        $(let $argument = $argument.clone();)*
                        Box::pin(sqlite::queries::$($query)::+(tx, $($argument),*))
                    })
                    .await
            }
            Database::Postgres(database) => {
                database
                    .$on_postgres(move |tx| {
                        $(let $argument = $argument.clone();)*
                        Box::pin(postgres::queries::$($query)::+(tx, $($argument),*))
                    })
                    .await
            }
        }
    };
}

mod accounts;
mod backend;
mod history;
mod letters;
mod links;
mod passwords;
mod tenants;
mod upkeep;
mod webhooks;

impl Store {
    /// Opens or makes an SQLite file. See [`Hook`] for who is told of commits; `serving` takes the
    /// file for this process alone.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; nothing is left open.
    pub fn sqlite(
        path: &Path,
        readers: usize,
        serving: bool,
        kept: Kept,
        hook: Hook,
    ) -> Result<Self, OpenError> {
        let kept = Retention::new(kept);
        Ok(Self(Arc::new(Database::Sqlite(Sqlite::open(path, readers, serving, kept, hook)?))))
    }

    /// Copies an SQLite file beside a server that works on it; see the function of the same name.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; no copy is left.
    pub fn back_up_sqlite(path: &Path, into: &Path) -> Result<(), OpenError> {
        sqlite::backup(path, into)
    }

    /// Uses a PostgreSQL server, which need not answer yet: [`Self::prepare`] comes first. To be
    /// called on the multi-threaded runtime that the work will be done on.
    ///
    /// # Errors
    ///
    /// [`BadServer`] where the URL is not understood, or a file that it names cannot be read.
    pub fn postgres(
        url: &str,
        kept: Kept,
        hook: Hook,
        reference: Reference,
    ) -> Result<Self, BadServer> {
        let kept = Retention::new(kept);
        Ok(Self(Arc::new(Database::Postgres(Postgres::new(url, kept, hook, reference)?))))
    }

    /// Lets nothing of any history go until [`Self::keep_of`] says what tenants want kept.
    pub fn keep_all(&self) {
        match &*self.0 {
            Database::Sqlite(database) => database.kept.hold(),
            Database::Postgres(database) => database.kept.hold(),
        }
    }

    /// Keeps this of the histories of these tenants' users from now on, and of others' the usual.
    pub fn keep_of(&self, tenants: HashMap<TenantName, Kept>) {
        match &*self.0 {
            Database::Sqlite(database) => database.kept.replace(tenants),
            Database::Postgres(database) => database.kept.replace(tenants),
        }
    }

    /// Brings the tables up to date, on PostgreSQL one node at a time; on SQLite opening did.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unreachable`] where the server does not answer now; may be called again.
    pub async fn prepare(&self) -> Result<(), OpenError> {
        match &*self.0 {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(database) => database.prepare().await,
        }
    }
}
