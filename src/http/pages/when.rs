use crate::model::Micros;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `22 November 2026, 20:22 UTC`: without a script a page does not know its reader's time zone.
pub(super) fn in_words(at: Micros) -> String {
    let stamp = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    stamp.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `3 minutes ago`: what a person remembers.
pub(super) fn ago(at: Micros, now: Micros) -> String {
    let seconds = now.since(at).as_secs();
    let (count, unit) = match seconds {
        0..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Micros(1_767_225_600_000_000);
        for (seconds, words) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3_599, "59 minutes ago"),
            (7_200, "2 hours ago"),
            (86_400, "1 day ago"),
            (-60, "just now"),
        ] {
            assert_eq!(ago(Micros(now.0 - seconds * 1_000_000), now), words);
        }
        assert_eq!(in_words(now), "1 January 2026, 00:00 UTC");
    }
}
