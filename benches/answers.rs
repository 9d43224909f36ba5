//! S08: whether the time of an answer tells that an address is known.
//!
//! `cargo bench --bench answers`. The service as it is, over a socket: sign-ups, log-ins with a wrong
//! password, and wishes for a new password, for addresses that are unknown, named by somebody, and
//! verified by somebody, in random order. Beside each, how probable so great a difference to the
//! unknown ones would be if there were none (the two-sample test of Kolmogorov and Smirnov): a value
//! below 0.01 would be a leak. Not a test, since now and then a run falls below by chance.

use afterclick::app::Server;
use afterclick::cli::Cli;
use afterclick::clock::{Clock, SystemClock, random_between};
use afterclick::config::Machine;
use afterclick::model::{EmailAddress, Languages, ServerSecret, TenantName};
use afterclick::store::{Kept, NewLink, SignUp, Store};
use clap::Parser;
use reqwest::Client;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Answers of each kind to each sort of address.
const ANSWERS: usize = 500;

/// What is called, and where.
const CALLS: [(&str, &str); 3] = [
    ("sign-up", "/v1/users"),
    ("log-in, refused", "/v1/sessions"),
    ("forgotten", "/v1/password-resets"),
];

/// The sorts of addresses; the first is what the others are compared with.
const SORTS: [&str; 3] = ["unknown", "named", "verified"];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("bench.db");
    prepare(&database).await?;
    let database = format!("sqlite:{}", database.display());
    let flags = ["afterclick", "--listen", "127.0.0.1:0", "--database", &database];
    let unlimited = ["--limit-sign-up", "--limit-log-in", "--limit-password-reset"];
    let flags = flags.into_iter().chain(unlimited.into_iter().flat_map(|limit| [limit, "off"]));
    let config = Cli::parse_from(flags).settings().check(Machine::this())?;
    let server = Server::start(&config, Arc::new(SystemClock::default())).await?;

    println!("call             address   p50 ms  p90 ms  D      p");
    for call in 0..CALLS.len() {
        compare(&format!("http://{}", server.address), call).await?;
    }
    server.stop().await;
    Ok(())
}

/// Makes the addresses that somebody names, and those that somebody has verified.
async fn prepare(database: &Path) -> Result<(), Failure> {
    let kept = Kept { changes: 100, age: Duration::from_hours(24) };
    let store = Store::sqlite(database, 2, true, kept, Arc::new(|_| {}))?;
    let secret = ServerSecret::new(&[7; ServerSecret::MIN_BYTES]);
    let clock = SystemClock::default();
    for call in 0..CALLS.len() {
        for sort in SORTS.iter().skip(1) {
            for number in 0..ANSWERS {
                let (id, now) = (Uuid::now_v7(), clock.now());
                let digest = secret.link(id.as_bytes()).digest();
                let link = NewLink { id, digest, expires_at: now.after(Duration::from_hours(24)) };
                let email = EmailAddress::parse(&address(sort, call, number))?;
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
                store.sign_up(new).await?;
                if *sort == "verified" {
                    store.confirm(digest, None, now).await?;
                }
            }
        }
    }
    Ok(())
}

fn address(sort: &str, call: usize, number: usize) -> String {
    format!("{sort}{call}x{number}@example.com")
}

/// Calls in random order, and prints a line for each sort of address.
async fn compare(base: &str, call: usize) -> Result<(), Failure> {
    let (name, path) = CALLS[call];
    let client = Client::builder().no_proxy().build()?;
    let mut times = SORTS.map(|_| Vec::with_capacity(ANSWERS));
    while let Some(sort) = draw(&times) {
        let mut body = json!({ "email": address(SORTS[sort], call, times[sort].len()) });
        if name != "forgotten" {
            body["password"] = json!("nine green trumpets");
        }
        let began = Instant::now();
        client.post(format!("{base}{path}")).json(&body).send().await?.bytes().await?;
        times[sort].push(began.elapsed().as_secs_f64() * 1000.0);
    }
    for sorted in &mut times {
        sorted.sort_by(f64::total_cmp);
    }
    for (sort, sorted) in SORTS.iter().zip(&times) {
        let (p50, p90) = (sorted[ANSWERS / 2], sorted[ANSWERS * 9 / 10]);
        let (distance, probability) = kolmogorov_smirnov(&times[0], sorted);
        println!("{name:15}  {sort:8}  {p50:6.2}  {p90:6.2}  {distance:.3}  {probability:.3}");
    }
    Ok(())
}

/// A sort of which there are not enough answers yet.
fn draw(times: &[Vec<f64>; 3]) -> Option<usize> {
    let open: Vec<usize> = (0..3).filter(|sort| times[*sort].len() < ANSWERS).collect();
    let last = u64::try_from(open.len().checked_sub(1)?).ok()?;
    open.get(usize::try_from(random_between(0, last)).ok()?).copied()
}

/// The greatest distance between two distributions, and how probable it is for two equal ones
/// (Press et al., Numerical Recipes, §14.3).
fn kolmogorov_smirnov(one: &[f64], other: &[f64]) -> (f64, f64) {
    let below = |sorted: &[f64], value: f64| {
        f64::from(u32::try_from(sorted.partition_point(|time| *time <= value)).unwrap_or(u32::MAX))
    };
    let (n, m) = (below(one, f64::MAX), below(other, f64::MAX));
    let at = |value: &f64| (below(one, *value) / n - below(other, *value) / m).abs();
    let distance = one.iter().chain(other).map(at).fold(0.0, f64::max);
    let effective = (n * m / (n + m)).sqrt();
    let lambda = (effective + 0.12 + 0.11 / effective) * distance;
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k).powi(2) * lambda * lambda).exp()
    };
    let probability = if lambda < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>() };
    (distance, probability.clamp(0.0, 1.0))
}
