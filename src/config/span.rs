use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The units a span may be written in, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A span of time as people write it: `15s`, `10m`, `1h`, `7d`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// The text is not a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a whole number and its unit, one of ms, s, m, h, and d: 15s, 10m, 1h")]
pub struct BadSpan;

impl Span {
    /// The span.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Span {
    fn from(span: Duration) -> Self {
        Self(span)
    }
}

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).ok_or(BadSpan)?;
        let (number, unit) = text.split_at_checked(digits).ok_or(BadSpan)?;
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(BadSpan)?;
        let number: u64 = number.parse().map_err(|_| BadSpan)?;
        Ok(Self(Duration::from_millis(number.checked_mul(*size).ok_or(BadSpan)?)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let fits = UNITS.iter().find(|(_, size)| millis >= *size && millis % size == 0);
        let (unit, size) = fits.copied().unwrap_or(("s", 1_000));
        write!(formatter, "{}{unit}", millis / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_as_people_write_it() {
        for (text, millis) in
            [("15s", 15_000), ("1h", 3_600_000), ("500ms", 500), ("7d", 604_800_000), ("0s", 0)]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.get(), Duration::from_millis(millis));
            assert_eq!(span.to_string(), text);
        }
        for bad in ["", "15", "s", "1.5s", "-1s", "15 s", "15sec", "99999999999999999999d", "1½s"]
        {
            assert_eq!(bad.parse::<Span>(), Err(BadSpan), "{bad:?}");
        }
    }
}
