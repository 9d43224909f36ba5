//! What is taken for an address is one that can be mailed and shown, and has one key.
#![no_main]

use afterclick::model::EmailAddress;
use lettre::message::Mailbox;
use lettre::{Address, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|typed: &str| {
    let Ok(address) = EmailAddress::parse(typed) else { return };
    let (shown, key) = (address.as_str(), address.key());
    assert!(shown.len() <= 254 && key.len() <= 254);
    assert!(!shown.chars().any(is_unseen), "{shown:?}");
    assert!(!shown.contains(['<', '>', '"', ',', ';', ':', '\\', '(', ')', '[', ']']), "{shown:?}");
    let (local, domain) = key.rsplit_once('@').expect("a key has a domain");
    assert!(domain.is_ascii() && domain == domain.to_ascii_lowercase() && !domain.contains('@'));
    assert_eq!(EmailAddress::parse(shown).as_ref(), Ok(&address), "it reads as it is shown");
    // Lower case may be longer than what was typed.
    if local.len() <= 64 {
        let again = EmailAddress::parse(key).expect("a key is an address");
        assert_eq!(again.key(), key, "of {shown:?}");
    }

    // As mail/message.rs does it.
    let local = shown.rsplit_once('@').map_or("", |(local, _)| local);
    let to = Address::new(local, domain).unwrap_or_else(|error| panic!("{shown:?}: {error}"));
    let from: Mailbox = "no-reply@example.com".parse().expect("an address");
    let message = Message::builder().from(from).to(Mailbox::new(None, to)).body(String::new());
    let mail = String::from_utf8(message.expect("a mail").formatted()).expect("a head of UTF-8");
    let (head, _) = mail.split_once("\r\n\r\n").expect("a head");
    let own = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let names: Vec<_> = own.filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(names, ["From", "To", "Content-Transfer-Encoding", "Date"]);
});

/// What hides in a text, or turns it around.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || letter.is_whitespace()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
