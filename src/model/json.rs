use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The largest `kyc`, `attributes`, or event `data`, in bytes as we write it.
pub const MAX_DOCUMENT: usize = 16 * 1024;

/// A document would exceed [`MAX_DOCUMENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document may have at most 16 KiB, counted after the merge")]
pub struct DocumentTooLarge;

/// A JSON object that belongs to the application: kept, merged, and passed on as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document(Arc<str>);

impl Document {
    /// `{}`.
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// The object's text.
    ///
    /// # Errors
    ///
    /// [`DocumentTooLarge`] beyond [`MAX_DOCUMENT`].
    pub fn new(object: &Map<String, Value>) -> Result<Self, DocumentTooLarge> {
        let text = serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned());
        if text.len() > MAX_DOCUMENT {
            return Err(DocumentTooLarge);
        }
        Ok(Self(text.into()))
    }

    /// What the database held. A row that is not an object (somebody wrote to the table) reads as
    /// `{}` rather than making every answer about this user fail.
    pub fn stored(text: &str) -> Self {
        let object =
            serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get().starts_with('{'));
        if object { Self(text.trim().into()) } else { Self::empty() }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The members.
    pub fn members(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// This document with `patch` merged in by JSON Merge Patch (RFC 7396).
    ///
    /// # Errors
    ///
    /// [`DocumentTooLarge`] where the result is; nothing is changed then.
    pub fn merged(&self, patch: &Self) -> Result<Self, DocumentTooLarge> {
        let mut members = self.members();
        merge(&mut members, patch.members());
        Self::new(&members)
    }
}

/// RFC 7396 §2, for two objects.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(inner) => {
                let slot = target.entry(name).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(members) = slot {
                    merge(members, inner);
                }
            }
            other => {
                target.insert(name, other);
            }
        }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::stored(Box::<RawValue>::deserialize(deserializer)?.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn document(value: &Value) -> Document {
        Document::new(value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn merge_follows_the_examples_of_rfc_7396() {
        for (original, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(document(&original).merged(&document(&patch)).unwrap(), document(&result));
        }
    }

    /// As backends that calculate scores write them.
    #[test]
    fn a_number_is_the_same_after_any_number_of_merges() {
        let before = document(&json!({"score": 0.919_076_393_858_117_5, "step": 1}));

        let after = before.merged(&document(&json!({"step": 2}))).unwrap();

        assert_eq!(after.as_str(), r#"{"score":0.9190763938581175,"step":2}"#);
    }

    proptest! {
        #[test]
        fn a_merge_changes_no_number_that_it_does_not_name(number in any::<f64>()) {
            let before = document(&json!({"number": number}));

            prop_assert_eq!(before.merged(&Document::empty()), Ok(before));
        }
    }

    #[test]
    fn a_merge_beyond_the_limit_is_refused() {
        let half = document(&json!({"a": "x".repeat(9_000)}));

        assert_eq!(half.merged(&document(&json!({"b": "x".repeat(9_000)}))), Err(DocumentTooLarge));
    }

    #[test]
    fn a_row_that_is_not_an_object_reads_as_empty() {
        for text in ["", "null", "[1]", "{", "{}x"] {
            assert_eq!(Document::stored(text), Document::empty(), "{text:?}");
        }
    }
}
