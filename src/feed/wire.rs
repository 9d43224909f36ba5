//! How a change and a snapshot look on a stream, and what a poll is answered.
//!
//! Every event of a stream is one block: `id`, `event`, `retry` where it has one, and one line of JSON as `data`.
//! `russe` checks the fields, so that no name or cursor can begin a second event.

use crate::model::{Change, Cursor, User};
use bytes::Bytes;
use serde::Serialize;
use std::time::Duration;

/// Why a reader gets the whole state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It came without a cursor.
    Connected,
    /// It missed changes that cannot be shown one by one.
    Gap,
    /// Its cursor is of another history than the user's present one.
    Epoch,
}

/// The value cannot be an event.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// A name or an id holds a line break.
    #[error("a field of the event is not fit for a stream")]
    Field(#[from] russe::Error),
    /// The data cannot be written as JSON.
    #[error("the data of the event is not JSON")]
    Data(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Snapshot<'a> {
    cursor: Cursor,
    reason: Reason,
    user: &'a User,
}

/// What is new, to a poll.
#[derive(Serialize)]
struct News<'a> {
    cursor: Cursor,
    user: &'a User,
    changes: Option<&'a [&'a Change]>,
}

/// One event with its closing blank line.
///
/// # Errors
///
/// [`Unwritable`] where a field would break out of its line, or `data` is not JSON.
pub fn event(
    id: Option<Cursor>,
    name: &str,
    retry: Option<Duration>,
    data: &impl Serialize,
) -> Result<Bytes, Unwritable> {
    let message = russe::Message {
        id: id.map(|cursor| cursor.to_string().into()),
        event: Some(name.into()),
        retry,
        data: serde_json::to_string(data)?.into(),
    };
    Ok(russe::Event::Message(message).into_bytestring()?.into_bytes())
}

/// The event of a change: its type as the name, itself as the data.
///
/// # Errors
///
/// See [`event`].
pub fn change(change: &Change) -> Result<Bytes, Unwritable> {
    event(Some(change.cursor), change.kind.as_str(), None, change)
}

/// The event that shows the whole state.
///
/// # Errors
///
/// See [`event`].
pub fn snapshot(reason: Reason, user: &User) -> Result<Bytes, Unwritable> {
    let data = Snapshot { cursor: user.cursor, reason, user };
    event(Some(user.cursor), "snapshot", None, &data)
}

/// What a poll is answered: the present document, and the changes that led to it, oldest first; `None`
/// where they cannot be shown one by one.
///
/// # Errors
///
/// See [`event`].
pub fn news(user: &User, changes: Option<&[&Change]>) -> Result<Bytes, Unwritable> {
    let news = News { cursor: user.cursor, user, changes };
    Ok(serde_json::to_vec(&news)?.into())
}
