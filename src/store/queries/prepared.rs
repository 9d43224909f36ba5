//! Statements that a connection prepares once and keeps.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement that is kept prepared under its own text.
///
/// diesel keeps no `UPDATE` and no upsert, since their text may be another at each call: SQLite then
/// reads, plans, and forgets it each time, and PostgreSQL is asked twice. Only for statements of which
/// there are few texts: not around `eq_any`, which on SQLite has one for every count.
pub(crate) struct Prepared<Q>(Q);

/// Marks a statement to be kept.
pub(crate) trait Prepare: Sized {
    /// The statement, kept by each connection that runs it.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<Q> Prepare for Q {}

impl<Q, DB> QueryFragment<DB> for Prepared<Q>
where
    Q: QueryFragment<DB>,
    DB: Backend,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> diesel::RunQueryDsl<Conn> for Prepared<Q> {}
