//! For each promise a history that keeps it, and what breaks it.

use super::check;
use crate::history::{
    Change, Client, Fault, Heard, History, Left, Mail, Opened, Outcome, Pace, Row, Run, Write,
};
use serde_json::{Value, json};

const ANA: &str = "ana";
const MAIL: &str = "canary-a1@example.com";

/// Ana signs up, three of her devices wait, she clicks, the application writes twice, one device is
/// too slow for that, another comes back with a cursor, and the third's session logs out.
fn good() -> History {
    let mut history = History { run: Some(Run { seed: 1, bus: true }), ..History::default() };
    history.rows.push(Row { user: ANA.into(), epoch: "e".into(), version: 4, state: state(4) });
    for (version, kind, data) in [
        (1, "user.created", json!({})),
        (2, "email.verified", json!({ "method": "link" })),
        (3, "kyc.updated", json!({ "left": "canary-a1-0", "right": "canary-a1-0" })),
        (4, "user.updated", json!({ "kyc": put("canary-a1-1"), "attributes": put("canary-a1-1") })),
    ] {
        let (user, kind) = (ANA.to_owned(), kind.to_owned());
        history.changes.push(Change { user, version, kind, data, state: state(version) });
    }
    history.mails.push(Mail { at: 150, to: MAIL.into(), id: "m".into(), raw: MAIL.into() });
    history.writes = vec![
        Write { user: MAIL.into(), ..write("sign_up", 100, None) },
        Write { already: Some(false), ..write("click", 1_000, None) },
        Write { already: Some(true), ..write("code", 1_100, None) },
        write("kyc.updated", 1_900, Some((3, "canary-a1-0"))),
        write("put", 3_000, Some((4, "canary-a1-1"))),
        Write { session: Some("left".into()), ..write("log_out", 3_500, None) },
    ];
    for (id, session, until) in [(1, "stays", 20_000), (2, "stays", 20_000), (3, "left", 3_400)] {
        let (user, session) = (ANA.to_owned(), session.to_owned());
        history.clients.push(Client { id, user, session, from: 200, until });
    }
    for (client, connection, at, resume) in [
        (1, 1, 200, None),
        (2, 2, 200, None),
        (3, 3, 200, None),
        (2, 4, 2_010, Some("e.3")),
        (1, 5, 2_500, Some("e.3")),
    ] {
        history.opened.push(opened(client, connection, at, resume));
    }
    history.heard = vec![
        heard(1, 1, 210, "snapshot", 1),
        heard(2, 2, 210, "poll", 1),
        heard(3, 3, 210, "snapshot", 1),
        heard(1, 1, 1_001, "email.verified", 2),
        heard(1, 1, 1_901, "kyc.updated", 3),
        heard(2, 2, 1_901, "poll", 3),
        heard(3, 3, 1_901, "snapshot", 3),
        heard(1, 5, 2_510, "heartbeat", 3),
        heard(1, 5, 3_001, "user.updated", 4),
        heard(2, 4, 3_001, "poll", 4),
        heard(3, 3, 3_001, "user.updated", 4),
    ];
    history.left.push(Left { node: 0, streams: 0, polls: 0, files: (20, 30), memory: (1, 2) });
    history
}

fn state(version: i64) -> Value {
    let (kyc, attributes) = match version {
        3 => (mark("canary-a1-0"), json!({})),
        4 => (put("canary-a1-1"), put("canary-a1-1")),
        _ => (json!({}), json!({})),
    };
    json!({ "email": MAIL, "verified": version > 1, "kyc": kyc, "attributes": attributes })
}

fn put(mark: &str) -> Value {
    json!({ "left": mark, "right": mark, "put": mark })
}

fn mark(mark: &str) -> Value {
    json!({ "left": mark, "right": mark })
}

fn write(kind: &str, at: u64, wrote: Option<(i64, &str)>) -> Write {
    Write {
        kind: kind.into(),
        user: ANA.into(),
        node: 0,
        began: at - 5,
        ended: at,
        outcome: Outcome::Done,
        status: 200,
        cursor: wrote.map(|(version, _)| format!("e.{version}")),
        mark: wrote.map(|(_, mark)| mark.to_owned()),
        already: None,
        session: None,
    }
}

fn opened(client: u32, connection: u32, at: u64, resume: Option<&str>) -> Opened {
    let resume = resume.map(ToOwned::to_owned);
    Opened { client, connection, node: 0, at, resume, status: 200 }
}

fn document(version: i64) -> Value {
    let mut document = state(version);
    document["id"] = json!(ANA);
    document["email_verified"] = json!(version > 1);
    document["email_verified_at"] = if version > 1 { json!("2026-01-01") } else { Value::Null };
    document
}

fn heard(client: u32, connection: u32, at: u64, name: &str, version: i64) -> Heard {
    told(client, connection, at, name, &format!("e.{version}"), &document(version))
}

fn told(client: u32, connection: u32, at: u64, name: &str, cursor: &str, user: &Value) -> Heard {
    let raw = match name {
        "nothing" => cursor.to_owned(),
        "poll" => json!({ "cursor": cursor, "user": user, "changes": null }).to_string(),
        "heartbeat" => format!("data: {}", json!({ "cursor": cursor })),
        "snapshot" => {
            format!("data: {}", json!({ "cursor": cursor, "reason": "gap", "user": user }))
        }
        kind => format!("data: {}", json!({ "cursor": cursor, "type": kind, "user": user })),
    };
    Heard { client, connection, at, name: name.into(), raw }
}

/// The invariants that this history, changed so, breaks.
fn broken(change: impl FnOnce(&mut History)) -> Vec<&'static str> {
    let mut history = good();
    change(&mut history);
    let mut broken: Vec<_> =
        check(&history).into_iter().map(|violation| violation.invariant).collect();
    broken.dedup();
    broken
}

/// Takes away what these clients heard of a version, and all later ones.
fn deafen(history: &mut History, client: u32, connection: u32) {
    history.heard.retain(|heard| heard.client != client || heard.connection < connection);
}

#[test]
fn i13_a_good_history_breaks_nothing() {
    assert_eq!(check(&good()), []);
}

#[test]
fn i0_a_run_in_which_nothing_happened_is_noticed() {
    assert_eq!(broken(|history| *history = History::default()), ["I0"]);
    assert_eq!(broken(|history| history.left.clear()), ["I0"]);
    let as_fast = |history: &mut History| history.heard[6] = heard(3, 3, 1_901, "poll", 3);
    assert_eq!(broken(as_fast), ["I0"]);
}

#[test]
fn i1_a_client_that_never_learns_or_learns_late_is_noticed() {
    assert_eq!(broken(|history| deafen(history, 1, 5)), ["I1"]);
    let late = |history: &mut History| history.heard[9].at = 5_001;
    assert_eq!(broken(late), ["I1"]);
}

#[test]
fn i1_a_fault_puts_off_what_is_owed_and_no_longer_than_that() {
    let fault =
        |until| Fault { kind: "node killed".into(), target: "node 0".into(), from: 2_900, until };
    let late = |at: u64| {
        broken(move |history| {
            history.heard[9].at = at;
            history.faults.push(fault(4_000));
            history.clients.iter_mut().for_each(|client| client.until = 60_000);
        })
    };

    assert_eq!(late(18_900), [] as [&str; 0]);
    assert_eq!(late(19_100), ["I1"]);
}

#[test]
fn i1_a_machine_that_stands_still_puts_off_what_is_owed_and_no_longer_than_that() {
    let late = |at: u64| {
        broken(move |history| {
            history.heard[9].at = at;
            let half = |number: u64| Pace { at: number * 100, lasted: 100, stood: 50 };
            history.paces = (0..100).map(half).collect();
        })
    };

    assert_eq!(late(4_900), [] as [&str; 0]);
    assert_eq!(late(5_100), ["I1"]);
}

#[test]
fn i2_going_back_and_leaving_out_are_noticed() {
    let back = |history: &mut History| history.heard.push(heard(1, 9, 4_000, "snapshot", 3));
    assert_eq!(broken(back), ["I2"]);
    let beat = |history: &mut History| history.heard.push(heard(1, 5, 4_000, "heartbeat", 3));
    assert_eq!(broken(beat), ["I2"]);
    let hole = |history: &mut History| {
        history.heard.retain(|heard| (heard.client, heard.at) != (1, 1_001));
    };
    assert_eq!(broken(hole), ["I2"]);
    // It came back with version 2, and was shown version 4.
    let skipped = |history: &mut History| history.opened[4].resume = Some("e.2".into());
    assert!(broken(skipped).contains(&"I2"));
    // A heartbeat may know of more than was shown; what comes next is still the next.
    let knows = |history: &mut History| {
        history.heard.insert(8, heard(1, 5, 2_990, "heartbeat", 4));
    };
    assert_eq!(broken(knows), [] as [&str; 0]);
}

#[test]
fn i3_what_was_never_committed_is_noticed() {
    let show = |cursor: &'static str, user: Value| {
        broken(move |history| history.heard.push(told(1, 9, 4_000, "snapshot", cursor, &user)))
    };
    let mut other = document(4);
    other["attributes"]["plan"] = json!("pro");

    assert_eq!(show("e.5", document(4)), ["I3"]);
    assert_eq!(show("e.4", other), ["I3"]);
    assert_eq!(show("f.4", document(4)), ["I3"]);
    assert_eq!(broken(|history| history.changes[0].version = 7), ["I3"]);
    assert_eq!(broken(|history| history.rows[0].state = json!({ "email": MAIL })), ["I3"]);
}

#[test]
fn i4_what_belongs_to_another_is_noticed() {
    let leak = |history: &mut History| history.heard[0].raw.push_str("canary-b2");
    assert!(broken(leak).contains(&"I4"));
    assert_eq!(broken(|history| history.mails[0].raw.push_str(" canary-b2-7")), ["I4"]);
    assert_eq!(broken(|history| history.logged.push((0, MAIL.into()))), ["I4"]);
}

#[test]
fn i5_a_link_that_verifies_twice_is_noticed() {
    assert_eq!(broken(|history| history.writes[2].already = Some(false)), ["I5"]);
    assert_eq!(broken(|history| history.writes[2].status = 500), ["I5"]);
    assert!(broken(|history| history.changes[0].kind = "email.verified".into()).contains(&"I5"));
    assert!(broken(|history| history.changes[1].kind = "user.updated".into()).contains(&"I5"));
}

#[test]
fn i6_what_was_acknowledged_and_is_gone_is_noticed() {
    let unknown = |history: &mut History| {
        let to = "b@x.example".to_owned();
        history.mails.push(Mail { at: 950, id: "n".into(), raw: to.clone(), to });
        history.writes.push(Write { user: "b@x.example".into(), ..write("sign_up", 900, None) });
    };
    assert_eq!(broken(unknown), ["I6"]);
    let lost = |history: &mut History| {
        let gone = Some((5, "canary-a1-2"));
        history.writes.push(Write { cursor: None, ..write("kyc.updated", 19_000, gone) });
    };
    assert_eq!(broken(lost), ["I6"]);
    assert_eq!(broken(|history| history.writes[4].outcome = Outcome::Refused), ["I0", "I6"]);
    // One that nobody heard of may be there; the run then shows less.
    assert_eq!(broken(|history| history.writes[4].outcome = Outcome::Unknown), ["I0"]);
    let elsewhere = |history: &mut History| history.writes[4].cursor = Some("e.3".into());
    assert_eq!(broken(elsewhere), ["I6"]);
}

#[test]
fn i7_a_transaction_seen_in_part_is_noticed() {
    let half = |history: &mut History| {
        let mut user = document(4);
        user["kyc"]["right"] = json!("canary-a1-0");
        history.heard.push(told(1, 9, 4_000, "snapshot", "e.4", &user));
    };
    assert!(broken(half).contains(&"I7"));
    let one_of_two = |history: &mut History| history.changes[3].state["attributes"] = json!({});
    assert!(broken(one_of_two).contains(&"I7"));
    assert_eq!(broken(|history| history.changes[2].data["right"] = json!(0)), ["I7"]);
}

#[test]
fn i8_a_resume_that_leaves_something_out_is_noticed() {
    let jump = |history: &mut History| history.opened[4].resume = Some("e.9".into());
    assert!(broken(jump).contains(&"I8"));
    let still = |history: &mut History| history.opened[3].resume = Some("e.4".into());
    assert_eq!(broken(still), ["I8"]);
}

#[test]
fn i9_an_old_state_for_a_new_connection_is_noticed() {
    let late = |history: &mut History| {
        history.opened.push(opened(4, 9, 3_100, None));
        let client = Client { id: 4, from: 3_100, ..history.clients[0].clone() };
        history.clients.push(client);
        history.heard.push(heard(4, 9, 3_110, "snapshot", 3));
    };
    assert_eq!(broken(late), ["I9"]);
}

#[test]
fn i10_mails_that_do_not_come_or_come_too_often_are_noticed() {
    let again = |history: &mut History| {
        let mail = history.mails[0].clone();
        history.mails.push(mail);
    };
    assert_eq!(broken(again), ["I10"]);
    let another = |history: &mut History| {
        let mail = Mail { id: "n".into(), ..history.mails[0].clone() };
        history.mails.push(mail);
    };
    assert_eq!(broken(another), ["I10"]);
    assert_eq!(broken(|history| history.mails[0].to = "canary-a1@x.example".into()), ["I10"]);
}

#[test]
fn i11_a_session_that_goes_on_or_ends_for_nothing_is_noticed() {
    let goes_on = |history: &mut History| {
        history.heard.push(heard(3, 3, 8_600, "heartbeat", 4));
    };
    assert_eq!(broken(goes_on), ["I11"]);
    let let_in = |history: &mut History| {
        history.opened.push(opened(3, 9, 8_600, None));
    };
    assert_eq!(broken(let_in), ["I11"]);
    assert_eq!(broken(|history| history.opened[0].status = 401), ["I11"]);
    assert_eq!(broken(|history| history.writes[5].outcome = Outcome::Refused), ["I0", "I11"]);
}

#[test]
fn i12_what_is_held_on_to_is_noticed() {
    assert_eq!(broken(|history| history.left[0].streams = 1), ["I12"]);
    assert_eq!(broken(|history| history.left[0].files.1 = 61), ["I12"]);
    assert_eq!(broken(|history| history.left[0].memory.1 = 70_000), ["I12"]);
}
