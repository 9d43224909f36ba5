//! What a browser says of itself is answered with words of ours.
#![no_main]

use afterclick::http::pages::device;
use afterclick::model::{IdempotencyKey, Languages};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let languages = Languages::presented(Some(text));
    assert!(languages.as_str().len() <= 120 && text.starts_with(languages.as_str()));
    assert_eq!(Languages::presented(Some(languages.as_str())), languages);
    let offered = ["en", "de"];
    let chosen = languages.choose(&offered);
    if let Some(chosen) = chosen {
        assert!(offered.contains(&chosen));
        assert!(text.to_ascii_lowercase().contains(chosen), "{chosen} was not asked for");
    }

    let words = device(Some(text));
    assert!(
        words.len() <= 40
            && words.chars().all(|one| one.is_ascii_alphabetic() || " .".contains(one))
    );

    if let Ok(key) = text.parse::<IdempotencyKey>() {
        assert!(key.as_str() == text && text.len() <= 255);
        assert!(text.chars().all(|letter| ('!'..='~').contains(&letter)));
    }
});
