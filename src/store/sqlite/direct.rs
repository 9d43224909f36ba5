use diesel::backend::Backend;
use diesel::connection::{LoadConnection, SimpleConnection};
use diesel::query_builder::{
    AsQuery, AstPass, CollectedQuery, MoveableBindCollector, Query, QueryBuilder, QueryFragment,
    QueryId,
};
use diesel::row::IntoOwnedRow;
use diesel::sql_types::Untyped;
use diesel::sqlite::{Sqlite, SqliteQueryBuilder};
use diesel::{Connection, QueryResult, SqliteConnection};
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};
use futures_util::stream::{self, Iter};
use std::future::{Ready, ready};
use std::vec;

/// A connection whose queries run where they are called: the calling thread is its own meanwhile.
///
/// diesel-async's wrapper writes the text of each query anew, to hand it to another thread: a quarter of
/// the writer's instructions for a publish. Here diesel itself finds a statement by its type.
pub(crate) struct Direct(pub(super) SqliteConnection);

impl SimpleAsyncConnection for Direct {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.0.batch_execute(query)
    }
}

impl AsyncConnectionCore for Direct {
    type ExecuteFuture<'conn, 'query> = Ready<QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = Ready<QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = Iter<vec::IntoIter<QueryResult<OwnedRow>>>;
    type Row<'conn, 'query> = OwnedRow;
    type Backend = Sqlite;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Sqlite> + QueryId + 'query,
    {
        ready(rows(&mut self.0, source.as_query()).map(stream::iter))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Sqlite> + QueryId + 'query,
    {
        ready(execute(&mut self.0, &source))
    }
}

/// diesel asks a reference whether a statement may be kept, which does not ask on: one that says so of
/// itself, as [`super::queries::prepared`] has it, is heard only once it is a text and its values.
fn execute<Q>(connection: &mut SqliteConnection, query: &Q) -> QueryResult<usize>
where
    Q: QueryFragment<Sqlite> + QueryId,
{
    if Q::HAS_STATIC_QUERY_ID || !query.is_safe_to_cache_prepared(&Sqlite)? {
        return connection.execute_returning_count(query);
    }
    let mut text = SqliteQueryBuilder::default();
    query.to_sql(&mut text, &Sqlite)?;
    let mut values = <Sqlite as Backend>::BindCollector::default();
    query.collect_binds(&mut values, &mut (), &Sqlite)?;
    let kept = CollectedQuery::new(text.finish(), true, values.moveable());
    connection.execute_returning_count(&kept)
}

type Row<'a> = <SqliteConnection as LoadConnection>::Row<'a, 'a>;

/// A row that does not borrow from the connection.
type OwnedRow = <Row<'static> as IntoOwnedRow<'static, Sqlite>>::OwnedRow;

fn rows<Q>(connection: &mut SqliteConnection, query: Q) -> QueryResult<Vec<QueryResult<OwnedRow>>>
where
    Q: QueryFragment<Sqlite> + QueryId,
{
    let mut names = <Row<'_> as IntoOwnedRow<'_, Sqlite>>::Cache::default();
    let rows = connection.load(Plain(query))?;
    rows.map(|row| Ok(Ok(row?.into_owned(&mut names)))).collect()
}

/// A query of which nobody says what its columns are: SQLite does, row by row.
struct Plain<Q>(Q);

impl<Q> Query for Plain<Q> {
    type SqlType = Untyped;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Plain<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Sqlite) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(backend)
    }
}

impl<Q: QueryId> QueryId for Plain<Q> {
    type QueryId = Q::QueryId;

    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}
