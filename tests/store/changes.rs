//! Changes: versions without a hole, resumes without a gap, and epochs that are never mixed.

use super::{Bed, KEPT, NOW, later};
use afterclick::model::{ChangeType, Cursor, Document, Effect, UserRef, Version};
use afterclick::store::{FirstSight, Kept, NewEvent, Page, Published, Store};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn document(value: &Value) -> Document {
    Document::new(value.as_object().unwrap()).unwrap()
}

async fn publish(bed: &Bed, user: &UserRef, kind: &str, data: &Value) -> Published {
    let kind = ChangeType::published(kind).unwrap();
    bed.store.publish(NewEvent::new(user.clone(), kind, document(data)), later(1)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kyc_and_attributes_merge_and_what_is_too_large_leaves_no_version() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;

        publish(&bed, &ana, "kyc.updated", &json!({ "status": "pending", "level": 1 })).await;
        publish(&bed, &ana, "kyc.updated", &json!({ "status": "approved", "level": null })).await;
        publish(&bed, &ana, "user.updated", &json!({ "plan": "pro" })).await;
        publish(&bed, &ana, "order.shipped", &json!({ "id": 7 })).await;
        publish(&bed, &ana, "user.updated", &json!({ "a": "x".repeat(9000) })).await;
        bed.told();
        let refused = publish(&bed, &ana, "user.updated", &json!({ "b": "x".repeat(9000) })).await;

        assert!(matches!(refused, Published::TooLarge));
        assert!(bed.told().is_empty());
        let user = bed.store.user(ana.clone()).await.unwrap().unwrap();
        assert_eq!(user.cursor.version, Version(6));
        assert_eq!(user.kyc.as_str(), r#"{"status":"approved"}"#);
        assert_eq!(user.attributes.members()["plan"], "pro");
        let nobody = UserRef { id: "nobody".parse().unwrap(), ..ana };
        assert!(matches!(publish(&bed, &nobody, "a.b", &json!({})).await, Published::UnknownUser));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_versions_have_no_hole_and_are_told_in_order() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        bed.told();

        let data = json!({});
        let written = join_all((0..80).map(|_| publish(&bed, &ana, "a.b", &data))).await;

        let mut versions: Vec<i64> = written
            .iter()
            .map(|published| match published {
                Published::Done(change) => change.cursor.version.0,
                other => panic!("{other:?}"),
            })
            .collect();
        versions.sort_unstable();
        assert_eq!(versions, (2..=81).collect::<Vec<i64>>());
        let mut told: Vec<i64> = bed
            .told()
            .iter()
            .map(|effect| match effect {
                Effect::Changed(_, change) => change.cursor.version.0,
                other => panic!("{other:?}"),
            })
            .collect();
        if bed.folder.is_some() {
            assert_eq!(told, versions, "SQLite tells in commit order");
        }
        told.sort_unstable();
        assert_eq!(told, versions, "each commit is told once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_gets_what_it_missed_or_is_told_that_it_cannot() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let start = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;
        let at = |version| Cursor { version: Version(version), ..start };
        let missed = async |after: Option<Cursor>| {
            let since = bed.store.since(ana.clone(), after).await.unwrap().unwrap();
            since
                .changes
                .map(|all| all.iter().map(|change| change.cursor.version.0).collect::<Vec<_>>())
        };
        for number in 0..3 {
            publish(&bed, &ana, "a.b", &json!({ "number": number })).await;
        }

        assert_eq!(missed(Some(start)).await, Some(vec![2, 3, 4]));
        assert_eq!(missed(Some(at(4))).await, Some(vec![]));
        assert_eq!(missed(Some(at(5))).await, None);
        assert_eq!(missed(None).await, None);
        assert_eq!(missed(Some("aaaaaaaa.1".parse().unwrap())).await, None);
        for _ in 0..100 {
            publish(&bed, &ana, "a.b", &json!({})).await;
        }
        assert_eq!(missed(Some(at(3))).await, None, "the log keeps a hundred");
        assert_eq!(missed(Some(at(4))).await.map(|all| all.len()), Some(100));

        let page = bed.store.history(ana.clone(), Some(at(102)), 100).await.unwrap().unwrap();
        assert!(matches!(page, Page::Changes(all, cursor) if all.len() == 2 && cursor == at(104)));
        for gone in [at(1), at(105), "aaaaaaaa.1".parse().unwrap()] {
            let page = bed.store.history(ana.clone(), Some(gone), 100).await.unwrap().unwrap();
            assert!(matches!(page, Page::Gone), "{gone}");
        }
        let oldest = bed.store.history(ana.clone(), None, 1).await.unwrap().unwrap();
        assert!(matches!(oldest, Page::Changes(all, cursor) if all.len() == 1 && cursor == at(5)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_ahead_of_the_row_redraws_the_epoch_once() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let before = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;

        bed.store.redraw_epoch(ana.clone(), before).await.unwrap();
        let same = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;
        let ahead = Cursor { version: Version(7), ..before };
        bed.store.redraw_epoch(ana.clone(), ahead).await.unwrap();
        let redrawn = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;
        bed.store.redraw_epoch(ana.clone(), ahead).await.unwrap();

        assert_eq!(same, before);
        assert_ne!(redrawn.epoch, before.epoch);
        assert_eq!(redrawn.version, before.version);
        assert_eq!(bed.store.user(ana).await.unwrap().unwrap().cursor, redrawn);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changed_of_late_is_found() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let (bob, link) = bed.sign_up("bob@example.com", 1, "here", NOW).await;
        bed.store.confirm(link.digest, None, later(60)).await.unwrap();
        bed.store.ping().await.unwrap();

        let mut all = bed.store.changed_since(NOW, 100).await.unwrap();
        all.sort_by_key(|(user, _)| user.clone());
        let late = bed.store.changed_since(later(60), 100).await.unwrap();

        assert_eq!(
            all.iter().map(|(user, _)| user.clone()).collect::<Vec<_>>(),
            [ana, bob.clone()]
        );
        let present = bed.store.user(bob.clone()).await.unwrap().unwrap().cursor;
        assert_eq!(late, [(bob, present)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_has_other_epochs() {
    let bed = Bed::sqlite();
    let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
    let before = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;

    bed.store.restored().await.unwrap();

    let path = bed.folder.as_ref().unwrap().path().join("a.db");
    let store = Store::sqlite(&path, 1, false, KEPT, Arc::new(|_| {})).unwrap();
    let after = store.user(ana).await.unwrap().unwrap().cursor;
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(after.version, before.version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_history_goes_before_it_is_known_what_tenants_keep() {
    for bed in Bed::both().await {
        let ana = UserRef { tenant: "acme".parse().unwrap(), id: "ana".parse().unwrap() };
        let sight = FirstSight {
            user: ana.clone(),
            email: None,
            email_verified: false,
            salt: [0; 16],
            now: NOW,
        };
        bed.store.first_sight(sight).await.unwrap();
        let long_after = later(8 * 24 * 3600);
        bed.store.keep_all();

        for _ in 0..120 {
            publish(&bed, &ana, "a.b", &json!({})).await;
        }
        bed.store.prune(long_after).await.unwrap();

        assert_eq!(bed.count("changes", "kind = 'a.b'").await, 120);
        let longer = Kept { changes: 110, age: Duration::from_hours(30 * 24) };
        bed.store.keep_of([(ana.tenant.clone(), longer)].into());
        publish(&bed, &ana, "a.b", &json!({})).await;
        bed.store.prune(long_after).await.unwrap();
        assert_eq!(bed.count("changes", "kind = 'a.b'").await, 110);
        bed.store.keep_of([].into());
        bed.store.prune(long_after).await.unwrap();
        assert_eq!(bed.count("changes", "kind = 'a.b'").await, 0);
    }
}
