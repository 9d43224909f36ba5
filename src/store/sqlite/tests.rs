//! The threads and connections, when the work they are given misbehaves.

use super::super::Kept;
use super::RunQueryDsl;
use super::*;
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;
use futures_util::future::join_all;
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
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
            Box::pin(async move { Ok(tx.conn.batch_execute(&statement)?) })
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

/// The thread on which a read is done.
async fn thread_of(sqlite: &Sqlite) -> String {
    let named = || thread::current().name().unwrap_or_default().to_owned();
    sqlite.glance(move |_| Box::pin(async move { Ok(named()) })).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_is_taken_where_it_is_asked_for_unless_another_is_under_way() {
    let (folder, effects) = (tempfile::tempdir().unwrap(), Arc::default());
    let sqlite = Arc::new(open(&folder, &effects));
    let here = thread::current().name().unwrap().to_owned();
    assert_eq!(thread_of(&sqlite).await, here);

    let (began, under_way) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let (ends, slow) = (Mutex::new(ends), Arc::clone(&sqlite));
    let other = tokio::task::spawn_blocking(move || {
        let look = slow.glance(move |_| {
            began.send(()).unwrap();
            let _ = ends.lock().unwrap().recv();
            Box::pin(async { Ok(()) })
        });
        look.now_or_never().unwrap().unwrap();
    });
    under_way.recv().unwrap();
    assert_eq!(thread_of(&sqlite).await, "sqlite-reader");

    drop(end);
    other.await.unwrap();
    assert_eq!(thread_of(&sqlite).await, here);
}

#[tokio::test]
async fn a_glance_that_panics_is_taken_again_by_a_reader_and_the_next_is_not() {
    let (folder, effects) = (tempfile::tempdir().unwrap(), Arc::default());
    let sqlite = open(&folder, &effects);

    let look =
        sqlite.glance(|_| -> BoxFuture<'_, Result<(), StoreError>> { panic!("as the test wants") });

    assert!(matches!(look.await, Err(StoreError::Panicked)));
    assert_ne!(thread_of(&sqlite).await, "sqlite-reader");
}

#[tokio::test]
async fn of_reads_that_share_a_transaction_one_that_panics_takes_nobody_with_it() {
    let (folder, effects) = (tempfile::tempdir().unwrap(), Arc::default());
    let sqlite = open(&folder, &effects);
    keep(&sqlite, "a").await.unwrap();
    let (end, ends) = mpsc::channel::<()>();
    let ends = Mutex::new(ends);
    let slow = sqlite.read(move |_| {
        let _ = ends.lock().unwrap().recv();
        Box::pin(async { Ok(Vec::new()) })
    });
    let bad = sqlite.read(|_| -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        panic!("as the test wants")
    });

    // All are queued once each was asked, and only then the first of them ends.
    let release = async { drop(end) };
    let (_, bad, good, ()): (Result<Vec<()>, _>, _, _, ()) =
        tokio::join!(slow, bad, names(&sqlite), release);

    assert!(matches!(bad, Err(StoreError::Panicked)));
    assert_eq!(good, ["a"]);
}

#[tokio::test]
async fn what_is_committed_is_not_told_before_the_hook_has_heard_of_it() {
    let (folder, heard) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let store = Arc::new(OnceLock::<Told>::new());
    let (seen, asked) = (Arc::clone(&heard), Arc::clone(&store));
    let hook: Hook = Arc::new(move |_| seen.lock().unwrap().push(asked.get().unwrap().is_all()));
    let kept = Retention::new(Kept { changes: 100, age: Duration::from_hours(1) });
    let sqlite = Sqlite::open(&folder.path().join("a.db"), 1, true, kept, hook).unwrap();
    store.set(sqlite.told.clone()).unwrap();
    assert!(sqlite.is_told());

    keep(&sqlite, "a").await.unwrap();

    assert_eq!(*heard.lock().unwrap(), [false]);
    assert!(sqlite.is_told());
}

#[tokio::test]
async fn a_history_that_was_kept_in_another_order_is_still_there() {
    use crate::store::schema::changes;
    let folder = tempfile::tempdir().unwrap();
    let mut before = connect(&folder.path().join("a.db")).unwrap();
    before.run_pending_migrations(MIGRATIONS).unwrap();
    // A tree by its key has no row ids.
    while before.batch_execute("SELECT rowid FROM changes").is_ok() {
        before.revert_last_migration(MIGRATIONS).unwrap();
    }
    for version in [3, 1, 2] {
        let row =
            format!("'built-in', 'ana', {version}, 'kyc.updated', '{{}}', '{{}}', 70{version}");
        before.batch_execute(&format!("INSERT INTO changes VALUES ({row})")).unwrap();
    }
    drop(before);

    let log = folder.path().join("log");
    let lines = tracing_subscriber::fmt().with_writer(Arc::new(File::create(&log).unwrap()));
    let sqlite =
        tracing::subscriber::with_default(lines.finish(), || open(&folder, &Arc::default()));
    let history = sqlite.read(|tx| {
        Box::pin(async {
            let rows = changes::table.select((changes::user_id, changes::version, changes::at));
            Ok(rows.order(changes::version).load::<(String, i64, i64)>(tx.conn).await?)
        })
    });

    let ana = |version: i64| ("ana".to_owned(), version, 700 + version);
    assert_eq!(history.await.unwrap(), [1, 2, 3].map(ana));
    let told = std::fs::read_to_string(log).unwrap();
    assert!(told.contains("the tables are being changed: "), "{told}");
}
