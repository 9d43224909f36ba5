use std::error::Error;

/// The database could not do what was asked. Nothing of the transaction is kept, except where the
/// COMMIT itself went unanswered on PostgreSQL: then its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The line of waiting work is full; try again in a moment.
    #[error("the database has more work than it can take")]
    Busy,
    /// It does not answer, or refused the statement; `source` says why.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A statement panicked. The work is undone and the connection goes on.
    #[error("a database operation panicked")]
    Panicked,
}

impl StoreError {
    pub(super) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        Self::unavailable(error)
    }
}

/// Why the database could not be opened at start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves this SQLite file.
    #[error("the SQLite file is in use by another afterclick process")]
    InUse,
    /// The folder or file could not be made or read.
    #[error("the database file cannot be opened")]
    File(#[from] std::io::Error),
    /// The database answered with an error, or its migrations failed.
    #[error("the database cannot be prepared")]
    Prepare(#[source] Box<dyn Error + Send + Sync>),
    /// It only follows another (PostgreSQL only): it may be promoted later.
    #[error(
        "the database is a read-only standby: name the primary, or all servers and \
         target_session_attrs=read-write"
    )]
    Standby,
    /// The database does not answer (PostgreSQL only): it may later.
    #[error("the database does not answer")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a PostgreSQL server's URL is no good; the text says what to write, and nothing of the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadServer(pub(super) String);
