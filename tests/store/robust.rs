//! What callers, neighbours, and servers do to a store, and what it keeps.

use super::{Bed, KEPT, NOW, later};
use afterclick::model::{By, ChangeType, Document, Effect, Ending, EndingCode};
use afterclick::store::{NewEvent, OpenError, Published, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_serves_one_process_and_a_command_beside_it() {
    let bed = Bed::sqlite();
    let path = bed.folder.as_ref().unwrap().path().join("a.db");

    let second = Store::sqlite(&path, 1, true, KEPT, Arc::new(|_| {}));
    let command = Store::sqlite(&path, 1, false, KEPT, Arc::new(|_| {}));

    assert!(matches!(second, Err(OpenError::InUse)));
    let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
    assert!(command.unwrap().user(ana).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r22_a_write_whose_caller_left_is_whole_or_absent_and_blocks_nobody() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        bed.told();
        let kind = ChangeType::published("a.b").unwrap();
        let event = || NewEvent::new(ana.clone(), kind.clone(), Document::empty());

        // So few that each gets a connection in time, on a busy machine too.
        for _ in 0..20 {
            let write = bed.store.publish(event(), later(1));
            // Polled once, so that it is under way, and dropped.
            assert!(write.now_or_never().is_none_or(|done| done.is_ok()));
        }
        let last = bed.store.publish(event(), later(2)).await.unwrap();

        // On PostgreSQL the writes left alone may still be on their way.
        tokio::time::timeout(Duration::from_secs(10), async {
            while bed.version(&ana).await != 22 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert!(matches!(last, Published::Done(_)));
        let since = bed.store.since(ana, None).await.unwrap().unwrap();
        assert_eq!(since.user.cursor.version.0, 22);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_line_is_told_and_loses_nothing_that_was_promised() {
    let bed = Bed::sqlite();
    let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
    let kind = ChangeType::published("a.b").unwrap();
    let event = || NewEvent::new(ana.clone(), kind.clone(), Document::empty());

    let writes = (0..5000).map(|_| bed.store.publish(event(), later(1)));
    let outcomes = join_all(writes).await;

    let done = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Published::Done(_)))).count();
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Busy))).count();
    assert_eq!(done + busy, 5000);
    assert!(busy > 0, "5,000 at once do not fit into the line");
    assert_eq!(bed.version(&ana).await, i64::try_from(done).unwrap() + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_start_at_once_migrate_once() {
    let server = super::postgres::TestDatabase::new().await;
    let node = || Store::postgres(server.url(), KEPT, Arc::new(|_| {}), Arc::new(|_| {})).unwrap();
    let nodes = [node(), node(), node()];

    let prepared = join_all(nodes.iter().map(Store::prepare)).await;

    assert!(prepared.iter().all(Result::is_ok), "{prepared:?}");
    for node in &nodes {
        node.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_told_within_three_seconds() {
    let store =
        Store::postgres("postgres://x:x@127.0.0.1:1/x", KEPT, Arc::new(|_| {}), Arc::new(|_| {}))
            .unwrap();

    let told = tokio::time::timeout(Duration::from_secs(3), store.ping()).await.unwrap();

    assert!(matches!(told, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.prepare().await, Err(OpenError::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_prune_at_once_leave_what_is_not_old() {
    let bed = Bed::postgres().await;
    let server = bed.server.as_ref().unwrap().url();
    let node = || Store::postgres(server, KEPT, Arc::new(|_| {}), Arc::new(|_| {})).unwrap();
    let (two, three) = (node(), node());
    for node in [&two, &three] {
        node.prepare().await.unwrap();
    }
    let mut stays = Vec::new();
    for number in 0..20 {
        let now = if number % 2 == 0 { NOW } else { later(8 * 24 * 3600) };
        let (user, _) =
            bed.sign_up(&format!("a{number}@example.com"), 1, &format!("{number}"), now).await;
        if number % 2 == 1 {
            stays.push(user);
        }
    }
    let now = later(8 * 24 * 3600 + 1);

    let pruned = join_all([&bed.store, &two, &three].map(|store| store.prune(now))).await;

    assert!(pruned.iter().all(Result::is_ok), "{pruned:?}");
    for user in stays {
        assert!(two.user(user).await.unwrap().is_some());
    }
    let told = bed.told();
    assert!(told.iter().filter(|one| matches!(one, Effect::Ended(_))).count() <= 10);
    assert_eq!(two.endings_since(NOW, 100).await.unwrap().len(), 10, "each went once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_of_endings_at_once_is_bounded() {
    for bed in Bed::both().await {
        for number in 0..4 {
            let (user, _) = bed.sign_up(&format!("a{number}@example.com"), 1, "here", NOW).await;
            let code = EndingCode::SessionRevoked;
            let ending = Ending { user, session: None, code, at: later(number) };
            bed.store.end(ending, By::command_line()).await.unwrap();
        }

        let first = bed.store.endings_since(NOW, 3).await.unwrap();
        let rest = bed.store.endings_since(first[2].at, 3).await.unwrap();

        assert_eq!((first.len(), rest.len()), (3, 2));
        assert!(first.is_sorted_by_key(|ending| ending.at));
    }
}

#[test]
fn a_server_that_cannot_be_spoken_to_safely_is_refused_before_it_is_asked() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _within = runtime.enter();
    for (query, text) in [
        ("sslmode=maybe", "sslmode is disable"),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "cannot read /nowhere/ca.pem"),
        ("hunter2=1", "hunter2"),
    ] {
        let url = format!("postgres://ana:secret@127.0.0.1:1/x?{query}");

        let refused = Store::postgres(&url, KEPT, Arc::new(|_| {}), Arc::new(|_| {})).err();

        let line = refused.unwrap().to_string();
        assert!(line.contains(text) && !line.contains("secret"), "{line}");
    }
}
