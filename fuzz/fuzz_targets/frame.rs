//! Whatever a row holds, a change is one event with the id and the name that it has, and a user's
//! state can always be shown.
#![no_main]

use afterclick::feed::{Reason, wire};
use afterclick::model::{Change, ChangeType, Cursor, Document, Epoch, Micros, User, Version};
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use russe::{Decoder, Event, Message};
use serde_json::Value;
use tokio_util::codec::Decoder as _;

fuzz_target!(|input: (&str, &str, &str, Option<&str>, i64)| {
    let (kind, data, attributes, email, number) = input;
    let cursor = Cursor { epoch: Epoch::of("db", kind), version: Version(number) };
    let user = User {
        id: kind.to_owned(),
        email: email.map(str::to_owned),
        email_verified: true,
        email_verified_at: Some(Micros(number)),
        kyc: Document::stored(data),
        attributes: Document::stored(attributes),
        created_at: Micros(number),
        updated_at: Micros(number),
        cursor,
    };
    let change = Change {
        cursor,
        kind: ChangeType::stored(kind.to_owned()),
        data: Document::stored(data),
        at: Micros(number),
        user: user.clone(),
    };

    match wire::change(&change) {
        Ok(bytes) => {
            let written = serde_json::to_string(&change).expect("a change is JSON");
            is_one(&bytes, kind, cursor, &written);
        }
        Err(_) => assert!(kind.contains(['\r', '\n']), "{kind:?} is a name"),
    }
    let snapshot = wire::snapshot(Reason::Gap, &user).expect("a state can be shown");
    let Message { data, .. } = only(&snapshot);
    is_one(&snapshot, "snapshot", cursor, &data);
    let shown: Value = serde_json::from_str(&data).unwrap_or_default();
    if !shown.is_null() {
        assert_eq!(shown["user"]["email"].as_str(), email);
    }
});

/// Checks the bytes by the letter, and by a decoder.
fn is_one(bytes: &[u8], name: &str, cursor: Cursor, data: &str) {
    let text = std::str::from_utf8(bytes).expect("an event is UTF-8");
    let block = text.strip_suffix("\n\n").expect("it ends with a blank line");
    assert!(!text.contains('\r'), "{text:?}");
    let mut lines = block.split('\n');
    assert_eq!(lines.next(), Some(format!("id: {cursor}").as_str()));
    assert_eq!(lines.next(), Some(format!("event: {name}").as_str()));
    assert!(lines.all(|line| line.starts_with("data: ")), "{text:?}");

    let message = only(bytes);
    assert_eq!(message.id.as_deref(), Some(cursor.to_string().as_str()));
    assert_eq!(message.event.as_deref().unwrap_or_default(), name);
    // A line break between two values of stored JSON may be another one after the way.
    assert_eq!(&*message.data, data.replace("\r\n", "\n").replace('\r', "\n"));
}

fn only(bytes: &[u8]) -> Message {
    let (mut decoder, mut left) = (Decoder::default(), BytesMut::from(bytes));
    let first = decoder.decode(&mut left).expect("it can be decoded");
    let second = decoder.decode(&mut left).expect("nothing follows");
    match (first, second) {
        (Some(Event::Message(message)), None) if left.is_empty() => message,
        other => panic!("not one event: {other:?}"),
    }
}
