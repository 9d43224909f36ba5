use crate::model::Cursor;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::os::fd::AsFd;

/// How things are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A JSON object a line, for programs.
    Lines,
    /// For people.
    Plain,
    /// For people, with colours.
    Colours,
}

/// What ends the following.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Nothing does.
    Nothing,
    /// Any change.
    Any,
    /// A change of this type.
    Type(String),
}

/// Where changes are shown, and which is waited for.
#[derive(Debug)]
pub(super) struct Show<W> {
    out: W,
    style: Style,
    awaited: Awaited,
}

impl<W: Write + AsFd> Show<W> {
    /// Shows in `out`.
    pub(super) fn new(out: W, style: Style, awaited: Awaited) -> Self {
        Self { out, style, awaited }
    }

    /// Shows a change; whether it was the one that was waited for.
    pub(super) fn change(&mut self, change: &Value) -> io::Result<bool> {
        let kind = change["type"].as_str().unwrap_or_default();
        let what = change["data"].to_string();
        self.line(change, kind, &what, "\u{1b}[32m")?;
        Ok(match &self.awaited {
            Awaited::Nothing => false,
            Awaited::Any => true,
            Awaited::Type(awaited) => awaited == kind,
        })
    }

    /// Shows the whole state.
    pub(super) fn snapshot(
        &mut self,
        cursor: Cursor,
        reason: &str,
        user: &Value,
    ) -> io::Result<()> {
        let snapshot = json!({
            "cursor": cursor.to_string(), "type": "snapshot", "reason": reason, "at": user["updated_at"], "user": user,
        });
        let verified = if user["email_verified"] == true { "verified" } else { "not verified" };
        let email = user["email"].as_str().unwrap_or("no address");
        let what =
            format!("{email}, {verified}, kyc {}, attributes {}", user["kyc"], user["attributes"]);
        self.line(&snapshot, "snapshot", &what, "\u{1b}[36m")
    }

    /// Says how the connection is, to standard error.
    pub(super) fn notice(&self, text: &str) {
        let line = match self.style {
            Style::Colours => format!("\u{1b}[2m{text}\u{1b}[0m"),
            Style::Lines | Style::Plain => format!("afterclick: {text}"),
        };
        // Not `eprintln!`, which panics where standard error is closed.
        let _nowhere_to_tell = writeln!(io::stderr(), "{line}");
    }

    /// Whether anybody may still read what is shown. A pipe whose reader has gone would else be
    /// noticed at the next change only.
    pub(super) fn is_read(&self) -> bool {
        let mut out = [PollFd::new(&self.out, PollFlags::empty())];
        let asked = poll(&mut out, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        !(asked == Ok(1) && out.iter().any(|one| one.revents().contains(PollFlags::ERR)))
    }

    fn line(&mut self, value: &Value, kind: &str, what: &str, colour: &str) -> io::Result<()> {
        let (at, cursor) = (value["at"].as_str(), value["cursor"].as_str());
        let (at, cursor) = (at.unwrap_or_default(), cursor.unwrap_or_default());
        let time = at.get(11..19).map_or_else(|| at.to_owned(), |time| format!("{time}Z"));
        let (kind, what, time, cursor) =
            (printable(kind), printable(what), printable(&time), printable(cursor));
        match self.style {
            Style::Lines => writeln!(self.out, "{value}")?,
            Style::Plain => writeln!(self.out, "{time}  {kind:<20}  {what}  {cursor}")?,
            Style::Colours => writeln!(
                self.out,
                "\u{1b}[2m{time}\u{1b}[0m  {colour}{kind:<20}\u{1b}[0m  {what}  \u{1b}[2m{cursor}\u{1b}[0m"
            )?,
        }
        self.out.flush()
    }
}

/// The text without what would move a terminal's cursor, or turn its writing round.
fn printable(text: &str) -> String {
    let unseen = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if unseen(letter) { '\u{fffd}' } else { letter }).collect()
}
