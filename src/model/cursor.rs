use super::Digest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The characters of an epoch: 36 of them, so 8 hold 41 bits.
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The most digits of a version in a cursor: as many nines are still a number of 64 bits, so that
/// the pattern in `/openapi.json` says all there is to say.
const DIGITS: usize = 18;

/// How many committed changes a user has seen: starts at 1 and grows by exactly 1 with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub i64);

impl Version {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which history a version belongs to: 8 characters of `a-z0-9`.
///
/// Two histories of one user (before and after a restored backup, a failover that lost commits, or
/// a deletion) have different epochs, so their versions are never compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch([u8; 8]);

impl Epoch {
    /// The epoch of a user whose own draw is `own`, in the database whose draw is `database`.
    pub fn of(database: &str, own: &str) -> Self {
        let digest = Digest::of(format!("{database}/{own}").as_bytes());
        Self::spell(digest.bytes())
    }

    /// Eight characters drawn at random, to be kept in a column.
    pub fn draw() -> Self {
        Self::spell(&crate::clock::random_bytes::<16>())
    }

    fn spell(bytes: &[u8]) -> Self {
        let mut number =
            bytes.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        Self(std::array::from_fn(|_| {
            let letter = usize::try_from(number % 36).unwrap_or_default();
            number /= 36;
            ALPHABET.get(letter).copied().unwrap_or(b'a')
        }))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A place in a user's history, written `<epoch>.<version>`: the SSE `id:`, the `ETag`, `after=`.
///
/// Same epoch and greater version: newer. Same epoch and not greater: old. Another epoch: not
/// comparable, take the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which history.
    pub epoch: Epoch,
    /// How far.
    pub version: Version,
}

impl Cursor {
    /// Where a row is, by the database's part of its epoch and its own.
    pub fn stored(database: &str, own: &str, version: i64) -> Self {
        Self { epoch: Epoch::of(database, own), version: Version(version) }
    }

    /// Whether this is later in the same history than `other`.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.version > other.version
    }
}

/// The text is not a cursor this service could have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is <8 characters of a-z0-9>.<version>, as an earlier answer gave it")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (epoch, version) = text.split_once('.').ok_or(BadCursor)?;
        let epoch: [u8; 8] = epoch.as_bytes().try_into().map_err(|_| BadCursor)?;
        let digits = version.len() <= DIGITS && version.bytes().all(|byte| byte.is_ascii_digit());
        if !epoch.iter().all(|byte| ALPHABET.contains(byte)) || !digits || version.starts_with('0')
        {
            return Err(BadCursor);
        }
        let version = version.parse().map_err(|_| BadCursor)?;
        Ok(Self { epoch: Epoch(epoch), version: Version(version) })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By parts, as it is in every answer: `write!` takes twice as long.
        formatter.write_str(self.epoch.as_str())?;
        formatter.write_str(".")?;
        fmt::Display::fmt(&self.version.0, formatter)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = Cursor { epoch: Epoch::of("db", "user"), version: Version(42) };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!(Epoch::of("db", "user"), Epoch::of("db", "user"));
        assert_ne!(Epoch::of("db", "user"), Epoch::of("db2", "user"));
    }

    #[test]
    fn s23_a_version_has_as_many_digits_as_the_document_says() {
        let read = |digits| format!("aaaaaaaa.{}", "9".repeat(digits)).parse::<Cursor>();

        assert_eq!(read(18).unwrap().version, Version(999_999_999_999_999_999));
        assert_eq!(read(19), Err(BadCursor));
        assert_eq!("aaaaaaaa.1000000000000000000".parse::<Cursor>(), Err(BadCursor));
    }

    #[test]
    fn only_the_same_history_is_compared() {
        let at = |epoch: &str, version| format!("{epoch}.{version}").parse::<Cursor>().unwrap();

        assert!(at("aaaaaaaa", 2).is_ahead_of(&at("aaaaaaaa", 1)));
        assert!(!at("aaaaaaaa", 1).is_ahead_of(&at("aaaaaaaa", 1)));
        assert!(!at("bbbbbbbb", 2).is_ahead_of(&at("aaaaaaaa", 1)));
    }

    proptest! {
        #[test]
        fn what_is_not_a_cursor_is_refused(text in "\\PC{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
