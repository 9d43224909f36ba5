use std::time::Duration;
use tokio::time::Instant;

/// From how many listeners of one user they are woken at a pace; for fewer it is not worth a wait.
const MANY: usize = 64;

/// The least time between two wakes of many.
const PACE: Duration = Duration::from_millis(10);

/// How many changes may wait for the next wake: half of what a channel holds for a reader.
const MOST: usize = 8;

/// How often many listeners are woken.
///
/// To write to a thousand streams takes milliseconds, mostly for the system's calls, whatever is
/// written. So changes that come faster than that are written together: the first at once, what follows
/// within 10 ms at the end of them.
#[derive(Default)]
pub(super) struct Pace {
    rung: Option<Instant>,
    waiting: usize,
}

/// When the listeners are to be woken for a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    At(Instant),
    /// With the one before.
    Then,
}

impl Pace {
    /// When to wake so many listeners for a change that has come now.
    pub fn turn(&mut self, listeners: usize) -> Turn {
        if listeners < MANY {
            return Turn::Now;
        }
        let next = self.rung.map(|rung| rung + PACE).filter(|next| *next > Instant::now());
        match next {
            Some(next) if self.waiting + 1 < MOST => {
                self.waiting += 1;
                if self.waiting == 1 { Turn::At(next) } else { Turn::Then }
            }
            _ => {
                self.ring();
                Turn::Now
            }
        }
    }

    /// They are woken now; whether any change has waited for it.
    pub fn ring(&mut self) -> bool {
        self.rung = Some(Instant::now());
        std::mem::take(&mut self.waiting) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn few_are_woken_for_each_change() {
        let mut pace = Pace::default();

        assert!((0..100).all(|_| pace.turn(MANY - 1) == Turn::Now));
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_woken_at_once_and_then_every_ten_milliseconds() {
        let mut pace = Pace::default();
        let next = Instant::now() + PACE;

        assert_eq!(
            [pace.turn(MANY), pace.turn(MANY), pace.turn(MANY)],
            [Turn::Now, Turn::At(next), Turn::Then]
        );
        advance(PACE).await;
        assert_eq!((pace.ring(), pace.ring()), (true, false));
        assert_eq!(pace.turn(MANY), Turn::At(next + PACE));
        advance(2 * PACE).await;
        assert!(pace.ring());
        advance(PACE).await;
        assert_eq!(pace.turn(MANY), Turn::Now);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_a_reader_can_be_behind() {
        let mut pace = Pace::default();

        let turns: Vec<_> = (0..=MOST).map(|_| pace.turn(MANY)).collect();

        let woken = turns.iter().filter(|turn| **turn == Turn::Now).count();
        assert_eq!((woken, turns.last()), (2, Some(&Turn::Now)));
    }
}
