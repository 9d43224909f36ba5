//! A backend's event is taken or refused whole, and what is merged is what RFC 7396 says: nothing
//! that a patch does not name ever changes.
//!
//! The input is an event's body and, after a NUL, what the user's document was before.
#![no_main]

use afterclick::feed::wire;
use afterclick::model::{ChangeType, Document, MAX_DOCUMENT};
use afterclick::publishing::Event;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|input: &[u8]| {
    let (body, before) = match input.iter().position(|byte| *byte == 0) {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &b"{}"[..]),
    };
    let Ok(event) = serde_json::from_slice::<Event>(body) else { return };
    if let Ok(kind) = ChangeType::published(&event.kind) {
        let bytes = wire::event(None, kind.as_str(), None, &event.data).expect("one line");
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 3);
        assert!(!["user.created", "email.verified", "email.changed"].contains(&kind.as_str()));
    }
    let Ok(patch) = Document::new(&event.data) else { return };
    assert!(patch.as_str().len() <= MAX_DOCUMENT);
    assert_eq!(patch.members(), event.data, "a document reads back as it was written");
    assert_eq!(Document::stored(patch.as_str()), patch);

    let Ok(before) = serde_json::from_slice::<Map<String, Value>>(before) else { return };
    let Ok(before) = Document::new(&before) else { return };
    assert_eq!(before.merged(&Document::empty()).as_ref(), Ok(&before), "nothing changes it");
    let Ok(merged) = before.merged(&patch) else { return };
    let said = said(Value::Object(before.members()), Value::Object(event.data));
    assert_eq!(Value::Object(merged.members()), said);
    assert_eq!(merged.merged(&patch).as_ref(), Ok(&merged), "a repeated patch does nothing");
});

/// `MergePatch` of RFC 7396 §2, by the letter.
fn said(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut target = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(&name);
        } else {
            let old = target.get(&name).cloned().unwrap_or_default();
            target.insert(name, said(old, value));
        }
    }
    Value::Object(target)
}
