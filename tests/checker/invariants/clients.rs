//! What clients may be shown.

use super::{Cursor, Story, Told, is_whole, state};
use crate::history::Outcome;
use std::collections::HashMap;

/// I2: within an epoch no client is shown an older version than before, on one stream or over
/// several; the changes of a stream come without a hole; and a heartbeat, whose cursor may be ahead
/// of what was shown, is never behind it.
pub fn never_goes_back(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    for client in &story.history.clients {
        let mut newest: Option<&Cursor> = None;
        // What the connection has shown last, or came back with.
        let mut here: Option<(u32, &Cursor)> = None;
        for (index, told) in story.told(client.id) {
            let heard = &story.history.heard[*index];
            let before = match here.filter(|(connection, _)| *connection == heard.connection) {
                Some((_, shown)) => Some(shown),
                None => story.resumes.get(&heard.connection),
            };
            let mut say = |wrong: &str, than: &Cursor| {
                let (id, cursor, name, at) = (client.id, &told.cursor, &heard.name, heard.at);
                found.push(format!("client {id} met {cursor} ({name}) {wrong} {than} at {at} ms"));
            };
            let known = if told.document.is_some() { newest } else { before };
            if let Some(known) = known.filter(|known| back(&told.cursor, known)) {
                say("after", known);
            }
            if told.is_change
                && let Some(before) = before.filter(|before| !follows(&told.cursor, before))
            {
                say("next after", before);
            }
            if told.document.is_some() {
                here = Some((heard.connection, &told.cursor));
                if newest.is_none_or(|newest| !back(&told.cursor, newest)) {
                    newest = Some(&told.cursor);
                }
            }
        }
    }
    found
}

fn follows(cursor: &Cursor, before: &Cursor) -> bool {
    cursor.epoch == before.epoch && cursor.version == before.version + 1
}

fn back(cursor: &Cursor, than: &Cursor) -> bool {
    cursor.epoch == than.epoch && cursor.version < than.version
}

/// I3: each state that was shown is a row of the log under the same cursor, and each user's log
/// grows by one and ends in its row.
pub fn shows_only_what_was_committed(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let epochs: HashMap<&str, &str> =
        story.history.rows.iter().map(|row| (row.user.as_str(), row.epoch.as_str())).collect();
    for client in &story.history.clients {
        let user = client.user.as_str();
        for (index, told) in story.told(client.id) {
            let heard = &story.history.heard[*index];
            let Some(document) = &told.document else { continue };
            if let Some(what) = phantom(story, user, told, document, epochs.get(user).copied()) {
                found.push(format!("client {} was shown {what} at {} ms", client.id, heard.at));
            }
        }
    }
    for row in &story.history.rows {
        let whole = (1..=row.version).all(|version| story.log.contains_key(&(&row.user, version)));
        let count = story.history.changes.iter().filter(|change| change.user == row.user).count();
        if !whole || i64::try_from(count) != Ok(row.version) {
            found.push(format!("the log of {} does not grow by one to {}", row.user, row.version));
        }
        let last = story.log.get(&(row.user.as_str(), row.version));
        if last.is_some_and(|last| last.state != row.state) {
            found.push(format!("the row of {} is not its last change", row.user));
        }
    }
    found
}

fn phantom(
    story: &Story,
    user: &str,
    told: &Told,
    document: &serde_json::Value,
    epoch: Option<&str>,
) -> Option<String> {
    let cursor = &told.cursor;
    if document["id"] != user {
        return Some(format!("{}, the document of another", document["id"]));
    }
    if epoch != Some(cursor.epoch.as_str()) {
        return Some(format!("{cursor} of an epoch that is not {epoch:?}"));
    }
    let Some(row) = story.log.get(&(user, cursor.version)) else {
        return Some(format!("{cursor}, which was never committed"));
    };
    if state(document) != row.state || told.kind.as_ref().is_some_and(|kind| *kind != row.kind) {
        return Some(format!("{cursor} in another state than was committed"));
    }
    None
}

/// I4: each user's state and address hold its canary, and nothing that reaches another does; no log
/// holds any.
pub fn keeps_users_apart(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let canaries: HashMap<&str, &str> = story
        .history
        .rows
        .iter()
        .filter_map(|row| Some((row.user.as_str(), canaries(row.state["email"].as_str()?).next()?)))
        .collect();
    for heard in &story.history.heard {
        let own = canaries.get(story.user(heard.client));
        if let Some(other) = self::canaries(&heard.raw).find(|canary| Some(canary) != own) {
            found.push(format!("client {} was shown {other} at {} ms", heard.client, heard.at));
        }
    }
    for mail in &story.history.mails {
        let own = self::canaries(&mail.to).next();
        if let Some(other) = self::canaries(&mail.raw).find(|canary| Some(*canary) != own) {
            found.push(format!("a mail to {} holds {other}", mail.to));
        }
    }
    for (node, line) in &story.history.logged {
        found.extend(self::canaries(line).map(|canary| format!("node {node} logged {canary}")));
    }
    found
}

/// Every canary in a text.
pub fn canaries(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("canary-").map(|(start, word)| {
        let rest = &text[start + word.len()..];
        let length = rest.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(rest.len());
        &text[start..start + word.len() + length]
    })
}

/// I7: what one transaction wrote is never seen in part.
pub fn shows_transactions_whole(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    for client in &story.history.clients {
        for (index, told) in story.told(client.id) {
            let Some(document) = &told.document else { continue };
            let halves = ["kyc", "attributes"]
                .iter()
                .all(|part| document[part]["left"] == document[part]["right"]);
            let verified = document["email_verified"] == !document["email_verified_at"].is_null();
            let told_so = told.kind.as_deref() != Some("email.verified")
                || document["email_verified"] == true;
            if !(halves && is_whole(document) && verified && told_so) {
                let at = story.history.heard[*index].at;
                found.push(format!(
                    "client {} was shown a part of {} at {at} ms",
                    client.id, told.cursor
                ));
            }
        }
    }
    for change in &story.history.changes {
        if change.data["left"] != change.data["right"] || !is_whole(&change.state) {
            found.push(format!("version {} of {} holds a half", change.version, change.user));
        }
    }
    found
}

/// I8: whoever comes back with a cursor is shown first what comes after it, or a snapshot that is
/// not older.
pub fn resumes(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let first = firsts(story);
    for opened in &story.history.opened {
        let Some(resume) = story.resumes.get(&opened.connection) else { continue };
        let Some((index, told)) = first.get(&opened.connection) else { continue };
        let heard = &story.history.heard[*index];
        let same = told.cursor.epoch == resume.epoch;
        let ahead = told.cursor.version - resume.version;
        let right = match heard.name.as_str() {
            _ if !same => heard.name == "snapshot" || heard.name == "poll",
            "snapshot" | "heartbeat" => ahead >= 0,
            "poll" if !told.is_change => ahead > 0,
            "nothing" => ahead == 0,
            // A change, on a stream or as the first of a poll's.
            _ => ahead == 1,
        };
        if !right {
            found.push(format!(
                "client {} came back with {resume} and first met {} at {} at {} ms",
                opened.client, heard.name, told.cursor, heard.at
            ));
        }
    }
    found
}

/// What each connection was told first.
fn firsts<'a>(story: &'a Story) -> HashMap<u32, &'a (usize, Told)> {
    let mut first = HashMap::new();
    for client in &story.history.clients {
        for one in story.told(client.id) {
            first.entry(story.history.heard[one.0].connection).or_insert(one);
        }
    }
    first
}

/// I9: whoever connects after an acknowledged write, to any node, meets it or a later one.
pub fn reads_what_was_written(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let mut acknowledged: HashMap<&str, Vec<(u64, i64)>> = HashMap::new();
    for write in story.history.writes.iter().filter(|write| write.outcome == Outcome::Done) {
        if let Some(version) = story.version(write) {
            acknowledged.entry(&write.user).or_default().push((write.ended, version));
        }
    }
    let first = firsts(story);
    for opened in &story.history.opened {
        let Some((_, told)) = first.get(&opened.connection) else { continue };
        // What was missed is shown one by one: its last is what counts.
        if told.is_change {
            continue;
        }
        let before = acknowledged.get(story.user(opened.client)).into_iter().flatten();
        let owed = before.filter(|(at, _)| *at < opened.at).map(|(_, version)| *version).max();
        if let Some(owed) = owed.filter(|owed| told.cursor.version < *owed) {
            found.push(format!(
                "client {} connected to node {} at {} ms and met {} although {owed} was acknowledged",
                opened.client, opened.node, opened.at, told.cursor
            ));
        }
    }
    found
}
