use diesel::backend::Backend;
use diesel::query_builder::{
    CollectedQuery, MoveableBindCollector, QueryBuilder, QueryFragment, QueryId,
};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sqlite::{Sqlite, SqliteQueryBuilder};
use diesel::{Connection, QueryResult, SqliteConnection};
use std::future::{Ready, ready};

/// What diesel-async's trait of the same name is for PostgreSQL: runs a query, here where it is called.
/// The calling thread is the connection's own meanwhile.
///
/// diesel-async's wrapper writes the text of each query anew, to hand it to another thread, and makes
/// each row one that borrows nothing.
pub(crate) trait RunQueryDsl: Sized {
    /// How many rows a statement wrote.
    fn execute(self, connection: &mut SqliteConnection) -> Ready<QueryResult<usize>>
    where
        Self: QueryFragment<Sqlite> + QueryId,
    {
        ready(execute(connection, &self))
    }

    /// All rows.
    fn load<'q, T>(self, connection: &mut SqliteConnection) -> Ready<QueryResult<Vec<T>>>
    where
        Self: LoadQuery<'q, SqliteConnection, T>,
    {
        ready(diesel::RunQueryDsl::load(self, connection))
    }

    /// The first row.
    fn get_result<'q, T>(self, connection: &mut SqliteConnection) -> Ready<QueryResult<T>>
    where
        Self: LoadQuery<'q, SqliteConnection, T>,
    {
        ready(diesel::RunQueryDsl::get_result(self, connection))
    }
}

impl<Q> RunQueryDsl for Q {}

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
