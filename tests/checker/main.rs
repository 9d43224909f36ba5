//! R01: three real nodes, while everything that can fail does, and what everybody saw of it.
//!
//! `tests/checker/run` runs it, `tests/checker/bugs` shows that it bites, and `README.md` beside
//! them says how to read what it prints.

mod dice;
mod history;
mod invariants;
mod listener;
mod nemesis;
mod pace;
mod people;
mod proxy;
mod run;
mod summary;
mod world;

use history::History;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How many violations of an invariant are shown; the rest is counted.
const SHOWN: usize = 10;

/// How a run is to be.
pub struct Settings {
    /// What faults and deeds are drawn from.
    pub seed: u64,
    /// How long everything fails.
    pub seconds: u64,
    /// How many people there are.
    pub users: u64,
    /// Of each of a user's two sessions.
    pub listeners: usize,
    /// Whether there is a nats-server between the nodes.
    pub bus: bool,
    /// A seeded bug, for a binary that has them; empty for none.
    pub bug: String,
    /// The program under test.
    pub binary: PathBuf,
}

impl Settings {
    fn read() -> Self {
        let number = |name, usual| setting(name).map_or(usual, |text| text.parse().unwrap());
        let binary =
            setting("BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_afterclick").to_owned());
        Self {
            seed: number("SEED", 1),
            seconds: number("SECONDS", 40),
            users: number("USERS", 12),
            listeners: usize::try_from(number("LISTENERS", 2)).unwrap(),
            bus: setting("BUS").is_none_or(|bus| bus != "none"),
            bug: setting("BUG").unwrap_or_default(),
            binary: binary.into(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "settings of the tests, not of the service")]
fn setting(name: &str) -> Option<String> {
    std::env::var(format!("AFTERCLICK_CHECKER_{name}")).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes more than a minute: the step `checker` of tests/run, or tests/checker/run"]
async fn r01_every_promise_holds_while_everything_fails() {
    let settings = Settings::read();
    let name = format!(
        "seed-{}{}{}",
        settings.seed,
        if settings.bug.is_empty() { "" } else { "-" },
        settings.bug
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/checker").join(name);
    let _not_there = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();

    let history = run::run(&settings, &folder).await;

    println!("{}", summary::of(&history));
    if let Some(file) = setting("DELAYS") {
        let mut file = File::options().create(true).append(true).open(file).unwrap();
        for (what, all) in summary::shown_after(&history) {
            for took in all {
                writeln!(file, "{what}\t{took}").unwrap();
            }
        }
    }
    judge(&history, &format!("everything is kept in {}", folder.display()));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Looks at a history that was kept, again.
#[test]
#[ignore = "needs a history: tests/checker/run --history FILE"]
fn r01_a_kept_history_is_looked_at_again() {
    let path = setting("HISTORY").expect("AFTERCLICK_CHECKER_HISTORY is the file");
    let history = History::read(Path::new(&path));

    println!("{}", summary::of(&history));
    judge(&history, &path);
}

fn judge(history: &History, place: &str) {
    let violations = invariants::check(history);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in &violations {
        let count = counts.entry(violation.invariant).or_default();
        *count += 1;
        if *count <= SHOWN {
            println!("{violation}");
        }
    }
    assert!(violations.is_empty(), "violations: {counts:?}; {place}");
}
