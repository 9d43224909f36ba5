//! What the tests that need PostgreSQL rely on.

#[expect(dead_code, reason = "tests elsewhere kill servers and have others follow them")]
#[path = "support/postgres.rs"]
mod postgres;

use postgres::{Cluster, TestDatabase};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::NoTls;

async fn count(url: &str, query: &str) -> i64 {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (first, second) = (TestDatabase::new().await, TestDatabase::new().await);

    count(first.url(), "WITH made AS (SELECT 1) SELECT count(*) FROM made").await;
    let (client, connection) = tokio_postgres::connect(first.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE clicks (id BIGINT)").await.unwrap();

    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'clicks'";
    assert_eq!(count(first.url(), tables).await, 1);
    assert_eq!(count(second.url(), tables).await, 0);
}

#[tokio::test]
async fn a_server_of_its_own_leaves_no_process_behind() {
    let cluster = Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap());
    let database = cluster.database().await;
    assert_eq!(
        count(database.url(), "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            .await,
        1
    );
    let process = format!("/proc/{}", cluster.pid());
    assert!(Path::new(&process).exists() && cluster.url().starts_with("postgres://"));

    drop(database);
    drop(cluster);

    assert!(!Path::new(&process).exists());
}
