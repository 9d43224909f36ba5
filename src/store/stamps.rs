use crate::model::Micros;
use std::time::Duration;

/// How many mails an address, and a user, gets in an hour.
const MAILS_AN_HOUR: usize = 5;

const HOUR: Duration = Duration::from_hours(1);

/// When the last mails went, of those within the hour, oldest first.
pub(super) struct Stamps {
    stamps: Vec<Micros>,
    now: Micros,
}

impl Stamps {
    /// Reads a column as [`Self::write`] left it.
    pub(super) fn read(text: &str, now: Micros) -> Self {
        let stamps = text.split(' ').filter_map(|stamp| stamp.parse().ok().map(Micros));
        Self { stamps: stamps.filter(|at| now.since(*at) < HOUR).collect(), now }
    }

    pub(super) fn full(&self) -> bool {
        self.stamps.len() >= MAILS_AN_HOUR
    }

    /// How long until another may go: `gap` after the last one, and not over the hour's number.
    pub(super) fn wait(&self, gap: Duration) -> Option<Duration> {
        let since_last = self.stamps.last().map(|last| self.now.since(*last));
        let gap =
            since_last.and_then(|since| gap.checked_sub(since)).filter(|wait| !wait.is_zero());
        let oldest = self.stamps.first().filter(|_| self.full());
        let hour = oldest.map(|oldest| HOUR.saturating_sub(self.now.since(*oldest)));
        gap.max(hour)
    }

    pub(super) fn add(&mut self, at: Micros) {
        self.stamps.push(at);
    }

    pub(super) fn write(&self) -> String {
        let stamps: Vec<String> = self.stamps.iter().map(|at| at.0.to_string()).collect();
        stamps.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_mins(1);

    #[test]
    fn five_mails_go_in_an_hour_and_none_within_a_minute() {
        let minute = Duration::from_mins(1);
        let mut now = Micros(1_000_000_000_000_000);
        let mut column = String::new();
        for _ in 0..5 {
            let mut stamps = Stamps::read(&column, now);
            assert_eq!(stamps.wait(GAP), None);
            stamps.add(now);
            column = stamps.write();
            assert!(Stamps::read(&column, now).wait(GAP).is_some());
            now = now.after(2 * minute);
        }

        assert_eq!(Stamps::read(&column, now).wait(GAP), Some(50 * minute));
        assert_eq!(Stamps::read(&column, now.after(50 * minute)).wait(GAP), None);
    }
}
