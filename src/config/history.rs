use super::Span;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What is kept of each user's changes, whichever is reached first: `100/7d`, `100`, or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// So many of the newest.
    pub changes: u32,
    /// For so long.
    pub age: Duration,
}

/// The text is not a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a count of 1 to 10000, a span, or both: 100/7d")]
pub struct BadHistory;

/// The contract's.
impl Default for History {
    fn default() -> Self {
        Self { changes: 100, age: Duration::from_hours(7 * 24) }
    }
}

impl FromStr for History {
    type Err = BadHistory;

    fn from_str(text: &str) -> Result<Self, BadHistory> {
        let (changes, age) = match text.split_once('/') {
            Some((changes, age)) => (Some(changes), Some(age)),
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => (Some(text), None),
            None => (None, Some(text)),
        };
        let usual = Self::default();
        let changes =
            changes.map_or(Ok(usual.changes), |text| text.parse().map_err(|_| BadHistory))?;
        let age =
            age.map_or(Ok(Span::from(usual.age)), |text| text.parse().map_err(|_| BadHistory))?;
        if !(1..=10_000).contains(&changes) || age.get() < Duration::from_secs(1) {
            return Err(BadHistory);
        }
        Ok(Self { changes, age: age.get() })
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
    fn a_history_is_a_count_a_span_or_both() {
        let week = Duration::from_hours(7 * 24);
        for (text, changes, age) in
            [("100/7d", 100, week), ("7", 7, week), ("1h", 100, Duration::from_hours(1))]
        {
            assert_eq!(text.parse(), Ok(History { changes, age }));
        }
        assert_eq!(History::default().to_string(), "100/7d");
        for bad in ["", "0", "10001", "7x", "100/", "/7d", "100/0s", "-1"] {
            assert_eq!(bad.parse::<History>(), Err(BadHistory), "{bad:?}");
        }
    }
}
