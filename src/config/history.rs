use super::Span;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The most that may be kept of a user: what one read brings into memory is bounded by it.
const MOST: u32 = 10_000;

/// How much of each user's history is kept: `100/7d` is 100 changes, and none older than 7 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The newest so many changes.
    pub changes: u32,
    /// None older than this.
    pub age: Duration,
}

/// The text is not a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a count of 1 to 10000 and an age of 1m or more, such as 100/7d")]
pub struct BadHistory;

impl FromStr for History {
    type Err = BadHistory;

    fn from_str(text: &str) -> Result<Self, BadHistory> {
        let (changes, age) = text.split_once('/').ok_or(BadHistory)?;
        let changes = changes.parse().map_err(|_| BadHistory)?;
        let age = age.parse::<Span>().map_err(|_| BadHistory)?.get();
        if !(1..=MOST).contains(&changes) || age < Duration::from_mins(1) {
            return Err(BadHistory);
        }
        Ok(Self { changes, age })
    }
}

impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.changes, Span::from(self.age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_a_count_and_an_age() {
        let week = History { changes: 100, age: Duration::from_hours(7 * 24) };

        assert_eq!("100/7d".parse(), Ok(week));
        assert_eq!(week.to_string(), "100/7d");
        for bad in ["", "100", "0/7d", "10001/7d", "100/", "100/7", "100/1s", "-1/7d"] {
            assert_eq!(bad.parse::<History>(), Err(BadHistory), "{bad:?}");
        }
    }
}
