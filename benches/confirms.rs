//! Confirms a second on SQLite, durable (`synchronous = FULL`), beside what the disk gives alone.
//!
//! `cargo bench --bench confirms`. Each confirm is the whole transaction of a click: the link
//! looked up, the address locked, the user's next version, the change with its document, the rivals
//! looked for, and the answer after the COMMIT.

use afterclick::clock::{Clock, SystemClock};
use afterclick::model::{EmailAddress, Languages, ServerSecret, TenantName};
use afterclick::store::{Confirmed, Kept, NewLink, SignUp, Store};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const CONFIRMS: usize = 20_000;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!(
        "callers  confirms/s (median of {ROUNDS})  p50 ms  p99 ms  appends+fsync/s  confirms per fsync"
    );
    for callers in [1, 16, 64] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
            let disk = appends(folder.path())?;
            let (rate, p50, p99) = runtime.block_on(confirms(folder.path(), callers))?;
            rounds.push((rate, p50, p99, disk));
        }
        rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((rate, p50, p99, disk)) = rounds.get(ROUNDS / 2) {
            println!(
                "{callers:7}  {rate:24.0}  {p50:6.2}  {p99:6.2}  {disk:15.0}  {:18.1}",
                rate / disk
            );
        }
    }
    Ok(())
}

/// Confirms a second by so many callers at once, each waiting for its answer, and how long one took.
async fn confirms(
    folder: &Path,
    callers: usize,
) -> Result<(f64, f64, f64), Box<dyn std::error::Error>> {
    let kept = Kept { changes: 100, age: Duration::from_hours(24) };
    let store = Store::sqlite(&folder.join("bench.db"), 2, true, kept, Arc::new(|_| {}))?;
    let confirms = if callers == 1 { CONFIRMS / 10 } else { CONFIRMS };
    let links = Arc::new(sign_ups(&store, confirms).await);
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let clicks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, links, next) = (store.clone(), Arc::clone(&links), Arc::clone(&next));
            tokio::spawn(async move {
                let clock = SystemClock::default();
                let mut took = Vec::new();
                while let Some(link) = links.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let clicked = Instant::now();
                    let confirmed = store.confirm(link.digest, None, clock.now()).await;
                    assert!(matches!(confirmed, Ok(Confirmed::Now)), "{confirmed:?}");
                    took.push(clicked.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for click in clicks {
        took.extend(click.await?);
    }
    let elapsed = began.elapsed().as_secs_f64();
    took.sort();
    let at = |share: usize| {
        took.get(took.len() * share / 100).map_or(0.0, |one| one.as_secs_f64() * 1e3)
    };
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let rate = took.len() as f64 / elapsed;
    Ok((rate, at(50), at(99)))
}

/// So many unverified accounts, each with a link.
async fn sign_ups(store: &Store, count: usize) -> Vec<NewLink> {
    let (secret, clock) = (ServerSecret::new(&[7; 32]), SystemClock::default());
    let mut links = Vec::with_capacity(count);
    let mut pending = Vec::new();
    for number in 0..count {
        let id = Uuid::now_v7();
        let digest = secret.link(id.as_bytes()).digest();
        let now = clock.now();
        let link = NewLink { id, digest, expires_at: now.after(Duration::from_hours(24)) };
        links.push(link);
        let Ok(email) = EmailAddress::parse(&format!("user{number}@example.com")) else { continue };
        let new = SignUp {
            tenant: TenantName::built_in(),
            email,
            salt: [1; 16],
            password: [2; 32],
            client: "bench".to_owned(),
            device: "a bench".to_owned(),
            languages: Languages::default(),
            link,
            now,
        };
        let store = store.clone();
        pending.push(tokio::spawn(async move { store.sign_up(new).await }));
        if pending.len() == 500 {
            for one in pending.drain(..) {
                assert!(matches!(one.await, Ok(Ok(_))), "the sign-up was kept");
            }
        }
    }
    for one in pending {
        assert!(matches!(one.await, Ok(Ok(_))), "the sign-up was kept");
    }
    links
}

/// What the disk gives alone: 4 KiB appended and synced, one after the other.
fn appends(folder: &Path) -> std::io::Result<f64> {
    let mut file = File::create(folder.join("appends"))?;
    let began = Instant::now();
    let mut count = 0.0;
    while began.elapsed() < Duration::from_millis(500) {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        count += 1.0;
    }
    Ok(count / began.elapsed().as_secs_f64())
}
