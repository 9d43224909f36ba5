//! A cursor is what we write and nothing else, and newer is the order of its numbers.
//!
//! The input is lines, of which each is read, and compared with the one before.
#![no_main]

use afterclick::model::Cursor;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let mut before: Option<(&str, u64, Cursor)> = None;
    for line in text.split('\n') {
        let read = line.parse::<Cursor>().ok();
        assert_eq!(serde_json::from_value::<Cursor>(json!(line)).ok(), read);
        let parts = parts(line);
        assert_eq!(read.is_some(), parts.is_some(), "{line:?}");
        let (Some(cursor), Some((epoch, number))) = (read, parts) else { continue };
        assert_eq!(cursor.to_string(), line);
        if let Some((other_epoch, other_number, other)) = before {
            let newer = epoch == other_epoch && number > other_number;
            assert_eq!(cursor.is_ahead_of(&other), newer, "{cursor} and {other}");
        }
        before = Some((epoch, number, cursor));
    }
});

/// `^[a-z0-9]{8}\.[1-9][0-9]{0,17}$`, as `/openapi.json` has it.
fn parts(line: &str) -> Option<(&str, u64)> {
    let (epoch, number) = (line.get(..8)?, line.get(8..)?.strip_prefix('.')?);
    let letters = epoch.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= 18;
    let begins = number.starts_with(|first: char| ('1'..='9').contains(&first));
    (letters && digits && begins).then_some((epoch, number.parse().ok()?))
}
