//! A call that comes with a key is carried out once, whoever sends it again and when.

use super::{Bed, NOW, later, new_link};
use afterclick::model::{
    By, ChangeType, Cursor, Document, IdempotencyKey, Languages, Micros, Once, TenantName, UserRef,
    Version,
};
use afterclick::store::{Issued, NewEvent, Page, Published, WantedLink};
use futures_util::future::join_all;
use std::time::Duration;

const DAY: u64 = 24 * 3600;

/// A call about a user, told from others by its body.
pub fn once(key: &str, user: &UserRef, body: &str) -> Once {
    Once::new(key.parse::<IdempotencyKey>().unwrap(), "POST events", user, body)
}

fn event(user: &UserRef, kind: &str, key: Option<(&str, &str)>) -> NewEvent {
    NewEvent {
        user: user.clone(),
        kind: ChangeType::published(kind).unwrap(),
        data: Document::empty(),
        once: key.map(|(key, body)| once(key, user, body)),
    }
}

async fn publish(bed: &Bed, event: &NewEvent, now: Micros) -> Published {
    bed.store.publish(event.clone(), now).await.unwrap()
}

/// The version that was answered with.
#[track_caller]
fn version(published: &Published) -> i64 {
    match published {
        Published::Done(change) => change.cursor.version.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_one_key_makes_one_change_at_once_and_again() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let (bob, _) = bed.sign_up("bob@example.com", 1, "here", NOW).await;
        let call = event(&ana, "a.b", Some(("k", "one")));

        let at_once = join_all((0..6).map(|_| publish(&bed, &call, later(1)))).await;
        publish(&bed, &event(&ana, "a.b", None), later(2)).await;
        let again = publish(&bed, &call, later(DAY)).await;

        let [first, ..] = &at_once[..] else { panic!() };
        let Published::Done(change) = first else { panic!("{first:?}") };
        assert_eq!(change.cursor.version.0, 2);
        for other in at_once.iter().chain([&again]) {
            let Published::Done(same) = other else { panic!("{other:?}") };
            let [same, change] = [same, change].map(|one| serde_json::to_string(one).unwrap());
            assert_eq!(same, change, "the same answer to the letter");
        }
        assert_eq!(bed.version(&ana).await, 3);
        for other in
            [event(&ana, "a.b", Some(("k", "two"))), event(&bob, "a.b", Some(("k", "one")))]
        {
            assert!(matches!(publish(&bed, &other, later(3)).await, Published::Mismatch));
        }
        let acme = UserRef { tenant: "acme".parse::<TenantName>().unwrap(), ..ana.clone() };
        let elsewhere = publish(&bed, &event(&acme, "a.b", Some(("k", "one"))), later(3)).await;
        assert!(matches!(elsewhere, Published::UnknownUser), "a key is its tenant's");
        assert_eq!(
            version(&publish(&bed, &call, later(DAY + 1)).await),
            4,
            "after a day it is free"
        );
        assert_eq!(version(&publish(&bed, &call, later(DAY + 2)).await), 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_what_came_to_nothing_may_be_tried_again_with_its_key() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let mut call = event(&ana, "user.updated", Some(("k", "one")));
        let half = |name: &str| {
            let value = serde_json::json!({ name: "x".repeat(9_000) });
            Document::new(value.as_object().unwrap()).unwrap()
        };
        let first = NewEvent { data: half("a"), ..event(&ana, "user.updated", None) };
        publish(&bed, &first, later(1)).await;
        call.data = half("b");

        let too_large = publish(&bed, &call, later(2)).await;

        assert!(matches!(too_large, Published::TooLarge));
        assert_eq!(bed.count("idempotency_keys", "1 = 1").await, 0);
        call.data = half("a");
        assert_eq!(version(&publish(&bed, &call, later(3)).await), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_are_recorded_together_and_a_bad_one_spoils_none() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let (bob, _) = bed.sign_up("bob@example.com", 1, "here", NOW).await;
        let nobody = UserRef { id: "nobody".parse().unwrap(), ..ana.clone() };
        let rows = vec![
            event(&bob, "a.b", Some(("z", "one"))),
            event(&ana, "a.b", None),
            event(&nobody, "a.b", Some(("y", "one"))),
            event(&bob, "a.c", Some(("a", "one"))),
            event(&ana, "a.b", Some(("z", "one"))),
            event(&bob, "a.b", Some(("z", "one"))),
            event(&ana, "a.c", None),
        ];

        let outcomes = bed.store.publish_all(rows.clone(), later(1)).await.unwrap();
        let both = [rows.clone(), rows.iter().rev().cloned().collect()];
        let again = join_all(both.map(|rows| bed.store.publish_all(rows, later(2)))).await;

        assert!(matches!(outcomes[2], Published::UnknownUser));
        assert!(matches!(outcomes[4], Published::Mismatch), "the key is bob's");
        let made: Vec<i64> = [0, 1, 3, 5, 6].map(|place| version(&outcomes[place])).into();
        assert_eq!(made, [2, 2, 3, 2, 3], "each user's in the order given, and each key's once");
        for outcomes in again {
            let outcomes = outcomes.unwrap();
            let place = |key: &str| {
                outcomes
                    .iter()
                    .filter(|one| {
                        matches!(one, Published::Done(change)
                    if change.user.email.as_deref() == Some("bob@example.com")
                    && change.kind.as_str() == key)
                    })
                    .map(version)
                    .collect::<Vec<_>>()
            };
            assert_eq!((place("a.b"), place("a.c")), (vec![2, 2], vec![3]));
        }
        assert_eq!((bed.version(&ana).await, bed.version(&bob).await), (7, 3));
        assert_eq!(bed.count("idempotency_keys", "1 = 1").await, 2, "nobody's key is let go");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handed_out_link_is_the_same_for_the_same_call() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let wanted = |body: &str| WantedLink {
            user: ana.clone(),
            link: new_link(later(1)),
            deliver: false,
            once: Some(once("k", &ana, body)),
            languages: Languages::default(),
            by: By::command_line(),
            now: later(1),
        };

        let issued = join_all((0..5).map(|_| bed.store.issue_link(wanted("one")))).await;
        let other = bed.store.issue_link(wanted("two")).await.unwrap();

        let issued: Vec<Issued> = issued.into_iter().map(Result::unwrap).collect();
        assert!(matches!(issued[0], Issued::Done(..)));
        assert!(issued.iter().all(|one| *one == issued[0]), "{issued:?}");
        assert_eq!(other, Issued::Mismatch);
        assert_eq!(bed.count("verifications", "1 = 1").await, 2, "the sign-up's, and this one");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_keys_and_old_changes_go_in_small_steps() {
    for bed in Bed::both().await {
        let (ana, link) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        bed.store.confirm(link.digest, None, NOW).await.unwrap();
        for number in 0..4 {
            let calls =
                (0..75).map(|call| event(&ana, "a.b", Some((&format!("{number}/{call}"), "one"))));
            bed.store.publish_all(calls.collect(), later(1)).await.unwrap();
        }
        publish(&bed, &event(&ana, "a.b", Some(("young", "one"))), later(DAY)).await;
        let keys = async || bed.count("idempotency_keys", "1 = 1").await;
        let changes = async || bed.count("changes", "1 = 1").await;
        assert_eq!((keys().await, changes().await), (301, 100));
        let week = Duration::from_secs(7 * DAY);

        assert!(bed.store.prune(later(DAY + 2)).await.unwrap(), "there is more to do");
        assert_eq!(keys().await, 101);
        assert!(!bed.store.prune(later(DAY + 2)).await.unwrap());

        assert_eq!((keys().await, changes().await), (1, 100));
        let before = bed.store.user(ana.clone()).await.unwrap().unwrap().cursor;
        bed.store.prune(later(2).after(week)).await.unwrap();
        assert_eq!(changes().await, 1, "of the history what is older than a week");
        let after = |version| Some(Cursor { version: Version(version), ..before });
        let page = async |version| {
            bed.store.history(ana.clone(), after(version), 100).await.unwrap().unwrap()
        };
        let newest = before.version.0;
        assert!(matches!(page(newest - 2).await, Page::Gone));
        assert!(matches!(page(newest - 1).await, Page::Changes(all, _) if all.len() == 1));
        bed.store.prune(later(2 * DAY).after(week)).await.unwrap();
        assert!(matches!(page(newest - 1).await, Page::Gone));
        assert!(matches!(page(newest).await, Page::Changes(all, _) if all.is_empty()));
        let start = bed.store.history(ana.clone(), None, 100).await.unwrap().unwrap();
        assert!(matches!(start, Page::Changes(all, cursor) if all.is_empty() && cursor == before));
    }
}
