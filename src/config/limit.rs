use super::Span;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How often something may be done: `10/m`, `20/h`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// As often as anybody likes.
    Off,
    /// At most `count` times in any span of `per`.
    AtMost {
        /// One or more.
        count: u32,
        /// The length of the window.
        per: Duration,
    },
}

/// The text is not a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a count and a span, such as 10/m, 20/h, and 100/15m, or off")]
pub struct BadLimit;

impl FromStr for Limit {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Self, BadLimit> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let (count, per) = text.split_once('/').ok_or(BadLimit)?;
        let count = count.parse().map_err(|_| BadLimit)?;
        let one = if per.starts_with(|letter: char| letter.is_ascii_digit()) { "" } else { "1" };
        let per: Span = format!("{one}{per}").parse().map_err(|_| BadLimit)?;
        if count == 0 || per.get() < Duration::from_secs(1) {
            return Err(BadLimit);
        }
        Ok(Self::AtMost { count, per: per.get() })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => formatter.write_str("off"),
            Self::AtMost { count, per } => {
                let per = Span::from(*per).to_string();
                let unit = per.strip_prefix('1').filter(|unit| unit.len() == 1).unwrap_or(&per);
                write!(formatter, "{count}/{unit}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_as_it_is_written() {
        for (text, count, seconds) in [("10/m", 10, 60), ("20/h", 20, 3_600), ("5/15m", 5, 900)] {
            let limit = Limit::AtMost { count, per: Duration::from_secs(seconds) };
            assert_eq!(text.parse(), Ok(limit));
            assert_eq!(limit.to_string(), text);
        }
        assert_eq!("off".parse(), Ok(Limit::Off));
        for bad in ["", "10", "0/m", "10/", "/m", "-1/m", "10/ms", "10/minute", "none", "1/0s"] {
            assert_eq!(bad.parse::<Limit>(), Err(BadLimit), "{bad:?}");
        }
    }
}
