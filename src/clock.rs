//! The only clock and the only dice of the crate; the linter (`.clippy.toml`) keeps it so.

use crate::model::Micros;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of wall-clock time. Waiting uses tokio's time; deciding uses this.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Micros;

    /// Takes `reference`, the database's clock, as the present instant from now on. A clock that a
    /// test holds does not follow.
    fn follow(&self, _reference: Micros) {}
}

/// The operating system's clock, until it is told the database's.
///
/// With several nodes on PostgreSQL only the database's clock counts: a node whose own is wrong by
/// hours, or is set while it runs, must order and expire things as the others do. So from the first
/// reference on, time is that reference and what has passed since by the monotonic clock, which
/// nobody sets.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
    /// What the database's clock said at `began`; [`NOT_TOLD`] before anybody did.
    reference: AtomicI64,
}

const NOT_TOLD: i64 = i64::MIN;

/// Differences that are only how long an answer took; the clock does not go back and forth for them.
const JITTER: i64 = 100_000;

impl Default for SystemClock {
    fn default() -> Self {
        Self { began: Instant::now(), reference: AtomicI64::new(NOT_TOLD) }
    }
}

impl SystemClock {
    fn elapsed(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        match self.reference.load(Ordering::Relaxed) {
            NOT_TOLD => Micros(system_now()),
            reference => Micros(reference.saturating_add(self.elapsed())),
        }
    }

    fn follow(&self, reference: Micros) {
        let told = reference.0.saturating_sub(self.elapsed());
        let known = self.reference.load(Ordering::Relaxed);
        if known == NOT_TOLD || known.abs_diff(told) > JITTER.unsigned_abs() {
            self.reference.store(told, Ordering::Relaxed);
        }
    }
}

/// A clock that stands still until it is told otherwise, for tests.
#[derive(Debug)]
pub struct HeldClock(AtomicI64);

impl HeldClock {
    /// A clock that stands at `now`.
    pub fn at(now: Micros) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves the clock on by `span`.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(Micros(0).after(span).0, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn system_now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

/// `N` bytes from the operating system's random generator.
///
/// A process that cannot draw randomness must not go on handing out tokens, so there is no error.
///
/// # Panics
///
/// When the operating system's generator fails, which aws-lc treats as fatal too.
#[expect(clippy::disallowed_methods, reason = "the one place that rolls the dice")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    assert!(aws_lc_rs::rand::fill(&mut bytes).is_ok(), "the system's random generator failed");
    bytes
}

/// How long to wait after the try that failed `failures` times before: `first`, doubled with each up
/// to `longest`; half of that, and a random part of the other half, so that what failed together
/// does not come back together.
pub fn back_off(failures: i64, first: Duration, longest: Duration) -> Duration {
    let doublings = u32::try_from(failures.max(0)).unwrap_or(u32::MAX).min(20);
    let whole = first.saturating_mul(1 << doublings).min(longest);
    let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random_between(millis / 2, millis))
}

/// A number of `low..=high`, evenly drawn (to within 2⁻³² for the small ranges in use here).
pub fn random_between(low: u64, high: u64) -> u64 {
    let span = high.saturating_sub(low).saturating_add(1);
    low + u64::from_be_bytes(random_bytes()) % span.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (first, longest) = (Duration::from_secs(5), Duration::from_mins(30));
        for (failures, whole) in [(0, 5), (1, 10), (4, 80), (20, 1_800), (i64::MAX, 1_800), (-1, 5)]
        {
            let whole = Duration::from_secs(whole);
            for _ in 0..50 {
                let pause = back_off(failures, first, longest);
                assert!(pause >= whole / 2 && pause <= whole, "{failures}: {pause:?}");
            }
        }
    }

    #[test]
    fn r12_a_clock_that_was_told_the_databases_keeps_to_it() {
        let clock = SystemClock::default();
        let hours_ahead = Micros(system_now()).after(Duration::from_hours(2));

        clock.follow(hours_ahead);

        assert!(clock.now() >= hours_ahead);
        assert!(clock.now().since(hours_ahead) < Duration::from_mins(1));
    }

    #[test]
    fn a_reference_that_took_a_while_does_not_set_the_clock_back() {
        let clock = SystemClock::default();
        let now = clock.now();
        clock.follow(now);

        clock.follow(now.before(Duration::from_millis(50)));

        assert!(clock.now() >= now);
    }
}
