//! The queue of messages to webhooks: each change once, those of one user in order, whoever asks.

use super::{Bed, NOW, later};
use afterclick::model::{
    By, ChangeType, Delivery, Document, Effect, Micros, Settled, TenantName, UserRef, Webhook,
    WebhookId,
};
use afterclick::store::{NewEvent, Published, Recorded, Store, Which};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(20);

/// Has everything of the built-in tenant sent somewhere.
async fn hook(store: &Store, types: &[&str]) -> WebhookId {
    let id = WebhookId::draw();
    let types = types.iter().map(|&kind| kind.to_owned()).collect();
    let webhook = Webhook { types, ..new(id.clone()) };
    assert!(store.add_webhook(webhook, By::command_line()).await.unwrap());
    id
}

fn new(id: WebhookId) -> Webhook {
    Webhook {
        id,
        tenant: TenantName::built_in(),
        url: "https://app.example.com/hooks".to_owned(),
        types: Vec::new(),
        generation: 1,
        former_until: Micros(0),
        created_at: NOW,
        disabled_at: None,
        cause: None,
        paused_until: Micros(0),
        failures: 0,
    }
}

async fn publish(store: &Store, user: &UserRef, data: &Value, now: Micros) -> Published {
    let (kind, data) = (ChangeType::published("user.updated").unwrap(), data.as_object().unwrap());
    let data = Document::new(data).unwrap();
    let event = NewEvent { user: user.clone(), kind, data, once: None };
    store.publish(event, now).await.unwrap()
}

async fn claim(store: &Store, now: Micros) -> Vec<Delivery> {
    store.claim_messages(now, LEASE, 8, 256, Vec::new()).await.unwrap()
}

fn version(delivery: &Delivery) -> i64 {
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    let cursor = body["data"]["cursor"].as_str().unwrap();
    cursor.split_once('.').unwrap().1.parse().unwrap()
}

fn put_off(until: Micros) -> Settled {
    Settled::PutOff { until, cause: "it answered 500".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_and_its_message_are_kept_or_undone_together() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        publish(&bed.store, &ana, &json!({ "early": true }), later(1)).await;
        bed.told();

        hook(&bed.store, &[]).await;
        hook(&bed.store, &["email.verified"]).await;
        publish(&bed.store, &ana, &json!({ "a": "x".repeat(9_000) }), later(2)).await;
        let told = bed.told();
        let beyond = publish(&bed.store, &ana, &json!({ "b": "x".repeat(9_000) }), later(3)).await;

        assert!(matches!(told[..], [Effect::MessageQueued, Effect::Changed(..)]), "{told:?}");
        assert!(matches!(beyond, Published::TooLarge));
        let claimed = claim(&bed.store, later(4)).await;
        assert_eq!(claimed.iter().map(version).collect::<Vec<_>>(), [3]);
        assert_eq!(bed.store.message_queue().await.unwrap().waiting, 1);
        assert!(claim(&bed.store, later(4)).await.is_empty(), "it is leased");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_over_settles_its_message_and_leaves_the_lane_alone() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        hook(&bed.store, &[]).await;
        for step in 0..3 {
            publish(&bed.store, &ana, &json!({ "step": step }), later(step)).await;
        }
        let late = claim(&bed.store, later(10)).await.remove(0);
        let again = claim(&bed.store, later(31)).await.remove(0);
        assert_eq!((again.id, version(&again)), (late.id, 2));

        bed.store.settle_message(late, put_off(later(32)), later(32)).await.unwrap();

        assert!(claim(&bed.store, later(33)).await.is_empty(), "the second lease holds");
        bed.store.settle_message(again, Settled::Delivered, later(34)).await.unwrap();
        assert_eq!(version(&claim(&bed.store, later(34)).await[0]), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_silence_counts_once_and_pauses_everybody() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let (ben, _) = bed.sign_up("ben@example.com", 1, "there", NOW).await;
        let webhook = hook(&bed.store, &[]).await;
        for user in [&ana, &ben] {
            publish(&bed.store, user, &json!({}), later(1)).await;
        }

        let both = claim(&bed.store, later(2)).await;
        assert_eq!(both.len(), 2);
        for delivery in both {
            let paused = Settled::Paused { until: later(60), cause: "no answer".to_owned() };
            bed.store.settle_message(delivery, paused, later(3)).await.unwrap();
        }

        let paused = bed.store.webhook(webhook.clone()).await.unwrap().unwrap();
        assert_eq!((paused.failures, paused.paused_until), (1, later(60)));
        publish(&bed.store, &ana, &json!({ "step": 2 }), later(4)).await;
        assert!(claim(&bed.store, later(59)).await.is_empty());
        let busy = vec![webhook.clone()];
        assert!(bed.store.claim_messages(later(60), LEASE, 8, 9, busy).await.unwrap().is_empty());
        let delivery = claim(&bed.store, later(60)).await.remove(0);
        bed.store.settle_message(delivery, Settled::Delivered, later(61)).await.unwrap();
        let well = bed.store.webhook(webhook).await.unwrap().unwrap();
        assert_eq!((well.failures, well.cause), (0, None));
    }
}

/// I10 for webhooks: publishers and three nodes' workers at once, some of whose tries fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_each_change_is_a_message_and_each_users_messages_are_in_order() {
    const USERS: usize = 6;
    const CHANGES: usize = 12;
    for bed in Bed::both().await {
        let names = (0..USERS).map(|user| format!("user{user}@example.com"));
        let mut users = Vec::new();
        for name in names {
            users.push(bed.sign_up(&name, 1, &name, NOW).await.0);
        }
        hook(&bed.store, &[]).await;
        let (left, seen) = (Arc::new(AtomicUsize::new(USERS * CHANGES)), Seen::default());

        let publishers = users.iter().map(|user| {
            let (store, user) = (bed.store.clone(), user.clone());
            tokio::spawn(async move {
                for step in 0..CHANGES {
                    publish(&store, &user, &json!({ "step": step }), later(1)).await;
                }
            })
        });
        let publishers: Vec<_> = publishers.collect();
        let workers = (0..3).map(|_| {
            let (store, left, seen) = (bed.store.clone(), Arc::clone(&left), seen.clone());
            tokio::spawn(async move {
                while left.load(Ordering::SeqCst) > 0 {
                    for delivery in claim(&store, later(2)).await {
                        // Every third try fails, and is due again at once.
                        let fails = seen.try_number() % 3 == 0;
                        let settled = if fails { put_off(later(2)) } else { Settled::Delivered };
                        if !fails {
                            seen.take(&delivery);
                            left.fetch_sub(1, Ordering::SeqCst);
                        }
                        store.settle_message(delivery, settled, later(2)).await.unwrap();
                    }
                }
            })
        });
        let workers: Vec<_> = workers.collect();
        for done in join_all(publishers).await.into_iter().chain(join_all(workers).await) {
            done.unwrap();
        }

        let order: Vec<i64> = (2..=i64::try_from(CHANGES).unwrap() + 1).collect();
        let seen = seen.versions.lock().unwrap().clone();
        assert_eq!(seen.len(), USERS);
        for (user, versions) in &seen {
            assert_eq!(versions, &order, "{user}");
        }
        assert_eq!(bed.store.message_queue().await.unwrap().waiting, 0);
        assert!(claim(&bed.store, later(3)).await.is_empty());
    }
}

/// What arrived, by user.
#[derive(Clone, Default)]
struct Seen {
    versions: Arc<std::sync::Mutex<BTreeMap<String, Vec<i64>>>>,
    tries: Arc<AtomicUsize>,
}

impl Seen {
    fn try_number(&self) -> usize {
        self.tries.fetch_add(1, Ordering::SeqCst)
    }

    fn take(&self, delivery: &Delivery) {
        let mut versions = self.versions.lock().unwrap();
        versions.entry(delivery.user.clone()).or_default().push(version(delivery));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_too_long_is_given_up_and_then_forgotten() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let webhook = hook(&bed.store, &[]).await;
        publish(&bed.store, &ana, &json!({ "step": 1 }), NOW).await;
        publish(&bed.store, &ana, &json!({ "step": 2 }), NOW).await;
        let by = By::command_line;
        bed.store.disable_webhook(webhook.clone(), "a test".to_owned(), by(), NOW).await.unwrap();
        publish(&bed.store, &ana, &json!({ "step": 3 }), NOW).await;
        let after = |days: u64| NOW.after(Duration::from_hours(24 * days));
        let standing = async || {
            let queue = bed.store.message_queue().await.unwrap();
            (queue.waiting, queue.given_up)
        };

        bed.store.prune(after(3)).await.unwrap();
        assert_eq!(standing().await, (0, 0), "what waits for a disabled webhook waits for nobody");
        let listed = bed.store.webhooks(None).await.unwrap();
        assert_eq!(listed[0].waiting, 2, "and nothing more is kept for it");
        bed.store.prune(after(4)).await.unwrap();
        assert_eq!(standing().await, (0, 2));
        bed.store.enable_webhook(webhook, after(4), by(), after(4)).await.unwrap();
        publish(&bed.store, &ana, &json!({ "step": 4 }), after(4)).await;
        let replayed = bed.store.replay_messages(Which::Since(NOW), LEASE, by(), after(4)).await;

        assert_eq!(replayed.unwrap(), 2);
        for expected in [2, 3, 5] {
            let delivery = claim(&bed.store, after(5)).await.remove(0);
            assert_eq!(version(&delivery), expected, "the old go first");
            let settled = if expected == 5 {
                Settled::GivenUp { cause: "it answered 500".to_owned() }
            } else {
                Settled::Delivered
            };
            bed.store.settle_message(delivery, settled, after(5)).await.unwrap();
        }
        assert_eq!(bed.store.dead_messages(None, 10).await.unwrap().len(), 1);
        bed.store.prune(after(20)).await.unwrap();
        assert_eq!(standing().await, (1, 0));
        let last = claim(&bed.store, after(20)).await.remove(0);
        assert!(last.body.contains("user.deleted"), "nobody confirmed the sign-up: {}", last.body);
        let dead = Settled::GivenUp { cause: "it answered 500".to_owned() };
        bed.store.settle_message(last, dead, after(20)).await.unwrap();
        assert_eq!(standing().await, (0, 1));
        let webhook = bed.store.webhooks(None).await.unwrap().remove(0).webhook.id;
        assert!(bed.store.remove_webhook(webhook, by(), after(20)).await.unwrap());
        let replayed = bed.store.replay_messages(Which::Since(NOW), LEASE, by(), after(20)).await;
        assert_eq!(replayed.unwrap(), 0);
        bed.store.prune(after(20)).await.unwrap();
        assert_eq!(standing().await, (0, 0), "what was to be sent goes with the webhook");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_what_is_done_to_a_webhook_is_written_down_with_it_and_nothing_else_is() {
    for bed in Bed::both().await {
        let (ana, _) = bed.sign_up("ana@example.com", 1, "here", NOW).await;
        let (webhook, by, cause) = (hook(&bed.store, &[]).await, By::command_line, "a test");
        let disable = async |at| {
            bed.store.disable_webhook(webhook.clone(), cause.to_owned(), by(), at).await.unwrap()
        };
        let replay =
            async |at| bed.store.replay_messages(Which::Since(NOW), LEASE, by(), at).await.unwrap();

        assert!(disable(later(1)).await);
        assert!(!disable(later(2)).await, "it is so already");
        let enabled = bed.store.enable_webhook(webhook.clone(), later(3), by(), later(3)).await;
        assert!(enabled.unwrap());
        assert_eq!(replay(later(4)).await, 0, "nothing was given up");
        for step in 0..2 {
            publish(&bed.store, &ana, &json!({ "step": step }), later(5)).await;
            let delivery = claim(&bed.store, later(5)).await.remove(0);
            let dead = Settled::GivenUp { cause: "it answered 500".to_owned() };
            bed.store.settle_message(delivery, dead, later(5)).await.unwrap();
        }
        assert_eq!(replay(later(6)).await, 2);
        let hour = Duration::from_hours(1);
        let rotated = bed.store.rotate_webhook(webhook.clone(), hour, by(), later(7)).await;
        assert!(rotated.unwrap().is_some());
        let refused = claim(&bed.store, later(8)).await.remove(0);
        let gone = || Settled::Gone { cause: "it answered 410".to_owned() };
        bed.store.settle_message(refused, gone(), later(8)).await.unwrap();
        assert!(bed.store.remove_webhook(webhook.clone(), by(), later(9)).await.unwrap());
        assert!(!bed.store.remove_webhook(webhook.clone(), by(), later(9)).await.unwrap());
        let absent = bed.store.enable_webhook(webhook.clone(), NOW, by(), later(9)).await;
        assert!(!absent.unwrap());
        let absent = bed.store.rotate_webhook(webhook.clone(), hour, by(), later(9)).await;
        assert!(absent.unwrap().is_none());
        let homeless = Webhook { tenant: "nobodys".parse().unwrap(), ..new(WebhookId::draw()) };
        assert!(!bed.store.add_webhook(homeless, by()).await.unwrap());

        let acts = bed.store.acts(None, Micros(0), None, 100).await.unwrap();
        let seen: Vec<_> = acts.iter().map(|act| (act.at, &*act.actor, &*act.deed)).collect();
        assert_eq!(
            seen,
            [
                (NOW, "command line", "webhook.created"),
                (later(1), "command line", "webhook.disabled"),
                (later(3), "command line", "webhook.enabled"),
                (later(6), "command line", "webhook.replayed"),
                (later(7), "command line", "webhook.rotated"),
                (later(8), "receiver", "webhook.disabled"),
                (later(9), "command line", "webhook.deleted"),
            ]
        );
        let named = |act: &Recorded| act.subject.as_deref() == Some(webhook.as_str());
        assert!(acts.iter().all(|act| act.tenant == "default" && named(act)));
    }
}
