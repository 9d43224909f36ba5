//! The writer, when the work it is given misbehaves.

use super::super::Kept;
use super::*;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use std::sync::Mutex;
use std::time::Duration;

fn open(folder: &tempfile::TempDir, effects: &Arc<Mutex<usize>>) -> Sqlite {
    let told = Arc::clone(effects);
    let kept = Kept { changes: 100, age: Duration::from_hours(1) };
    let hook: Hook = Arc::new(move |effects| *told.lock().unwrap() += effects.len());
    Sqlite::open(&folder.path().join("a.db"), 1, true, Retention::new(kept), hook).unwrap()
}

async fn names(sqlite: &Sqlite) -> Vec<String> {
    use crate::store::schema::tenants;
    let read = sqlite.read(|tx| {
        Box::pin(async {
            Ok(tenants::table.select(tenants::name).order(tenants::name).load(tx.conn).await?)
        })
    });
    read.await.unwrap()
}

/// Keeps a tenant, and then does what its name says.
async fn keep(sqlite: &Sqlite, name: &'static str) -> Result<(), StoreError> {
    use crate::store::schema::tenants;
    let write = sqlite.write(move |tx| {
        Box::pin(async move {
            let row = (tenants::name.eq(name), tenants::created_at.eq(0));
            diesel::insert_into(tenants::table).values(row).execute(tx.conn).await?;
            tx.effects.push(crate::model::Effect::Queued);
            match name {
                "panics" => panic!("as the test wants"),
                "fails" => Err(StoreError::Busy),
                "undoes" => {
                    tx.undone = true;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    });
    write.await
}

#[tokio::test]
async fn work_that_panics_fails_or_undoes_itself_takes_nobody_with_it() {
    let (folder, effects) = (tempfile::tempdir().unwrap(), Arc::default());
    let sqlite = open(&folder, &effects);

    let work = ["a", "panics", "b", "fails", "c", "undoes", "d"];
    let outcomes = join_all(work.map(|name| keep(&sqlite, name))).await;

    assert!(matches!(outcomes[1], Err(StoreError::Panicked)));
    assert!(matches!(outcomes[3], Err(StoreError::Busy)));
    assert!([0, 2, 4, 5, 6].iter().all(|place| outcomes[*place].is_ok()), "{outcomes:?}");
    assert_eq!(names(&sqlite).await, ["a", "b", "c", "d"]);
    assert_eq!(*effects.lock().unwrap(), 4, "only what was committed is told");
}

#[tokio::test]
async fn a_full_disk_fails_the_write_and_the_writer_goes_on() {
    let (folder, effects) = (tempfile::tempdir().unwrap(), Arc::default());
    let sqlite = open(&folder, &effects);
    let pages = |count: u32| {
        let statement = format!("PRAGMA max_page_count = {count}");
        let set = sqlite.write(move |tx| {
            let statement = statement.clone();
            Box::pin(async move {
                use diesel_async::SimpleAsyncConnection;
                Ok(tx.conn.batch_execute(&statement).await?)
            })
        });
        async { set.await.unwrap() }
    };
    let big = |name: &'static str| {
        use crate::store::schema::tenants;
        sqlite.write(move |tx| {
            Box::pin(async move {
                let row = (tenants::name.eq(name.repeat(200_000)), tenants::created_at.eq(0));
                diesel::insert_into(tenants::table).values(row).execute(tx.conn).await?;
                Ok(())
            })
        })
    };

    pages(1).await;
    assert!(matches!(big("x").await, Err(StoreError::Unavailable(_))));
    assert_eq!(names(&sqlite).await, Vec::<String>::new());
    pages(1_000_000).await;
    big("y").await.unwrap();

    keep(&sqlite, "a").await.unwrap();
    assert_eq!(names(&sqlite).await.len(), 2);
}
