//! Publishes a second on SQLite, durable (`synchronous = FULL`), and how soon a listener hears of one.
//!
//! `cargo bench --bench publishes`. Each publish is a backend's whole call below HTTP: the user's
//! next version with `kyc` merged, the change with its document, the oldest change let go, and the
//! answer after the COMMIT; with a key, also the key held and the answer kept. Every user has a
//! listener at the hub, and its time runs from before the call to when it has the change.

#[path = "shared/first_read.rs"]
mod first_read;

use afterclick::clock::{Clock, SystemClock};
use afterclick::feed::{
    CaughtUp, Feed, HistoryUnavailable, Item, Limits, Listener, LocalBus, Subscription, Transport,
};
use afterclick::model::{
    By, ChangeType, Cursor, Document, Effect, IdempotencyKey, Languages, Micros, Once,
    Precondition, TenantName, UserRef,
};
use afterclick::store::{Hook, Kept, NewEvent, Published, PutUser, Store};
use first_read::{Answer, FirstRead};
use futures_util::FutureExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const PUBLISHES: usize = 10_000;
const ROUNDS: usize = 3;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!(
        "callers  key  publishes/s (median of {ROUNDS})  answer p50 / p99 ms  heard p50 / p99 ms"
    );
    for callers in [1, 16, 64] {
        for keyed in [false, true] {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
                rounds.push(runtime.block_on(publishes(folder.path(), callers, keyed))?);
            }
            rounds.sort_by(|one, other| one.rate.total_cmp(&other.rate));
            if let Some(Round { rate, answered, heard }) = rounds.get(ROUNDS / 2) {
                println!(
                    "{callers:7}  {:3}  {rate:25.0}  {:10.2} / {:6.2}  {:9.2} / {:6.2}",
                    if keyed { "yes" } else { "no" },
                    answered.0,
                    answered.1,
                    heard.0,
                    heard.1
                );
            }
        }
    }
    Ok(())
}

/// What a round came to; times are the median and the 99th percentile, in milliseconds.
struct Round {
    rate: f64,
    answered: (f64, f64),
    heard: (f64, f64),
}

/// So many callers at once, each with a user of its own, waiting for its answer and for the listener.
async fn publishes(folder: &Path, callers: usize, keyed: bool) -> Result<Round, Failure> {
    let (store, feed) = service(folder)?;
    let publishes = if callers == 1 { PUBLISHES / 10 } else { PUBLISHES };
    let left = Arc::new(AtomicUsize::new(publishes));
    let mut callings = Vec::new();
    for caller in 0..callers {
        let user = made(&store, caller).await?;
        let heard = listen(&feed, user.clone()).await?;
        callings.push((user, heard));
    }
    let began = Instant::now();
    let mut running = Vec::new();
    for (user, heard) in callings {
        running.push(tokio::spawn(call(store.clone(), user, heard, Arc::clone(&left), keyed)));
    }
    let (mut answered, mut heard) = (Vec::new(), Vec::new());
    for calling in running {
        let (theirs, of_listener) = calling.await??;
        answered.extend(theirs);
        heard.extend(of_listener);
    }
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let rate = answered.len() as f64 / began.elapsed().as_secs_f64();
    Ok(Round { rate, answered: percentiles(answered), heard: percentiles(heard) })
}

/// Publishes until nothing is left; how long each answer and each listener took.
async fn call(
    store: Store,
    user: UserRef,
    mut heard: mpsc::UnboundedReceiver<Instant>,
    left: Arc<AtomicUsize>,
    keyed: bool,
) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
    let clock = SystemClock::default();
    let kind = ChangeType::published("kyc.updated")?;
    let (mut answers, mut news) = (Vec::new(), Vec::new());
    loop {
        let number = left.fetch_sub(1, Ordering::Relaxed);
        if number == 0 || number > PUBLISHES {
            return Ok((answers, news));
        }
        let data = serde_json::json!({ "status": "approved", "step": number });
        let data = Document::new(data.as_object().ok_or("an object")?)?;
        let key = format!("{number}").parse::<IdempotencyKey>()?;
        let once = keyed.then(|| Once::new(key, "POST events", &user, data.as_str()));
        let event = NewEvent { user: user.clone(), kind: kind.clone(), data, once };
        let began = Instant::now();
        let published = store.publish(event, clock.now()).await?;
        answers.push(began.elapsed());
        assert!(matches!(published, Published::Done(_)), "{published:?}");
        let at = heard.recv().await.ok_or("the listener is gone")?;
        news.push(at.duration_since(began));
    }
}

/// A store and the feed that hears of its commits, as the service puts them together.
fn service(folder: &Path) -> Result<(Store, Arc<Feed>), Failure> {
    let kept = Kept { changes: 100, age: Duration::from_hours(24) };
    let listening = Arc::new(OnceLock::<Arc<Feed>>::new());
    let told = Arc::clone(&listening);
    let hook: Hook = Arc::new(move |effects: Vec<Effect>| {
        for effect in effects {
            if let (Effect::Changed(user, change), Some(feed)) = (effect, told.get()) {
                feed.changed(&user, change);
            }
        }
    });
    let store = Store::sqlite(&folder.join("bench.db"), 2, true, kept, hook)?;
    let reads = store.clone();
    let history = Arc::new(FirstRead(move |user, after| first(reads.clone(), user, after)));
    let clock = Arc::new(SystemClock::default());
    let feed = Feed::new(history, Arc::new(LocalBus::default()), clock, Limits::default());
    let _ = listening.set(Arc::clone(&feed));
    Ok((store, feed))
}

/// A user as a backend makes one.
async fn made(store: &Store, number: usize) -> Result<UserRef, Failure> {
    let user = UserRef { tenant: TenantName::built_in(), id: format!("user{number}").parse()? };
    let new = PutUser {
        user: user.clone(),
        email: None,
        email_verified: None,
        attributes: None,
        kyc: None,
        precondition: Precondition::Nothing,
        once: None,
        languages: Languages::default(),
        salt: [0; 16],
        by: By::command_line(),
        now: SystemClock::default().now(),
    };
    store.put_user(new).await?;
    Ok(user)
}

/// Tells when each change of the user arrives.
async fn listen(
    feed: &Arc<Feed>,
    user: UserRef,
) -> Result<mpsc::UnboundedReceiver<Instant>, Failure> {
    let listener = Listener { user, session: None, issued_at: Micros(i64::MAX), signed_by: None };
    let mut subscription: Subscription = feed.join(listener, Transport::Stream, None)?;
    assert!(matches!(subscription.next().await, Item::Snapshot { .. }), "the state comes first");
    let (arrivals, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Item::Change(_) = subscription.next().await {
            if arrivals.send(Instant::now()).is_err() {
                break;
            }
        }
    });
    Ok(heard)
}

/// The median and the 99th percentile, in milliseconds.
fn percentiles(mut took: Vec<Duration>) -> (f64, f64) {
    took.sort();
    let at = |share: usize| {
        took.get(took.len() * share / 100).map_or(0.0, |one| one.as_secs_f64() * 1e3)
    };
    (at(50), at(99))
}

fn first(store: Store, user: UserRef, after: Option<Cursor>) -> Answer<Option<CaughtUp>> {
    async move {
        let since = store.since(user, after).await.map_err(|_| HistoryUnavailable)?;
        Ok(since.map(|since| CaughtUp { user: since.user, missed: since.changes }))
    }
    .boxed()
}
