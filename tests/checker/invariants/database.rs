//! What must be in the database at the end.

use super::{Cursor, Story};
use crate::history::{Change, Outcome, Write};

/// I5: a user is verified once, at most one of all clicks and codes is told that it did it, and
/// none is answered by an error of the server's other than 503.
pub fn verifies_once(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    for row in &story.history.rows {
        let of_user = |change: &&Change| change.user == row.user && change.kind == "email.verified";
        let times = story.history.changes.iter().filter(of_user).count();
        if times > 1 {
            found.push(format!("{} was verified {times} times", row.user));
        }
        let first = |write: &&Write| write.user == row.user && write.already == Some(false);
        let firsts = story.history.writes.iter().filter(first).count();
        if firsts > 1 {
            found.push(format!("{firsts} clicks of {} were told they verified it", row.user));
        }
        let acknowledged = |write: &Write| write.user == row.user && write.already.is_some();
        if times == 0 && story.history.writes.iter().any(acknowledged) {
            found.push(format!("a click of {} was acknowledged, and nothing verified", row.user));
        }
    }
    for write in
        story.history.writes.iter().filter(|write| write.status >= 500 && write.status != 503)
    {
        found.push(format!("a {} was answered {} at {} ms", write.kind, write.status, write.ended));
    }
    found
}

/// I6: whoever was signed up is there; what was acknowledged is in the log, once and under the version
/// that was told; what was refused is not; and what was neither is there at most once.
pub fn keeps_what_it_acknowledged(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let there = |write: &&Write| {
        story.history.rows.iter().any(|row| row.state["email"] == write.user.as_str())
    };
    let sign_ups = story.history.writes.iter().filter(|write| write.kind == "sign_up");
    let acknowledged = sign_ups.filter(|write| write.outcome == Outcome::Done);
    for gone in acknowledged.filter(|write| !there(write)) {
        found.push(format!("{} was signed up at {} ms and is not there", gone.user, gone.ended));
    }
    for write in &story.history.writes {
        let Some(mark) = &write.mark else { continue };
        let kept = story.left_by(mark);
        let told = write.cursor.as_deref().and_then(Cursor::parse).map(|cursor| cursor.version);
        let right = match (write.outcome, kept) {
            (Outcome::Done, [one]) => one.user == write.user && told == Some(one.version),
            (Outcome::Refused | Outcome::Unknown, []) => true,
            (Outcome::Unknown, [one]) => one.user == write.user,
            _ => false,
        };
        if !right {
            found.push(format!(
                "{mark} ({:?}, {}, version {told:?}) is in the log {} times ({:?})",
                write.outcome,
                write.status,
                kept.len(),
                kept.iter().map(|change| change.version).collect::<Vec<_>>(),
            ));
        }
    }
    found
}
