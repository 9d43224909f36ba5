//! Imports go down, files stay short, and a framework stays in its room: `src/lib.rs` draws the map.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// No file of `src/` is longer; most have half of it.
const MAX_LINES: usize = 400;

/// What each room may name. A room that is not here may not exist; [`ANYWHERE`] goes without saying.
///
/// `http` never names `store`, `mail`, or `webhooks`, and those and `feed` never each other: what
/// they must read they declare, and `app` implements it.
const MAY_NAME: [(&str, &[&str]); 17] = [
    ("main", &["cli"]),
    ("lib", &[]),
    ("cli", &["app", "config", "telemetry"]),
    (
        "app",
        &[
            "http",
            "accounts",
            "verification",
            "publishing",
            "store",
            "feed",
            "mail",
            "webhooks",
            "config",
            "telemetry",
        ],
    ),
    ("http", &["accounts", "verification", "publishing", "feed"]),
    ("accounts", &["verification", "publishing", "store", "feed", "mail"]),
    ("verification", &["accounts", "publishing", "store", "feed", "mail"]),
    ("publishing", &["accounts", "verification", "store", "feed", "mail", "webhooks"]),
    ("store", &[]),
    ("feed", &[]),
    ("mail", &[]),
    ("webhooks", &[]),
    ("config", &[]),
    ("telemetry", &[]),
    ("model", &[]),
    ("clock", &[]),
    ("bugs", &[]),
];

/// Plain values, the one clock with the one dice, and the bugs that no release has.
const ANYWHERE: [&str; 3] = ["model", "clock", "bugs"];

/// Crates that belong to some rooms: the domain would compile without a web server, and without a
/// database driver.
const FRAMEWORKS: [(&str, &[&str]); 3] =
    [("actix", &["http", "app"]), ("diesel", &["store"]), ("clap", &["cli", "config", "main"])];

#[test]
fn imports_go_down() {
    let found: Vec<String> =
        sources().iter().flat_map(|(path, text)| breaches(path, text)).collect();

    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES);
    let long: Vec<_> = long.map(|(path, lines)| format!("src/{path}: {lines} lines")).collect();

    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The tests above would pass too if they saw nothing.
#[test]
fn a_breach_is_found_however_it_is_written() {
    for (path, text, line) in [
        ("http/me.rs", "use crate::store::Store;", 1),
        ("http/me.rs", "use crate::{\n    model::User,\n    store::{Store, StoreError},\n};", 3),
        ("http/me.rs", "fn f() {\n    crate::mail::send();\n}", 2),
        ("http/stream/mod.rs", "use super::super::store::Store;", 1),
        ("http/stream/body.rs", "use super::super::super::{feed::Feed, mail};", 1),
        ("http/me.rs", "mod tests {\n    use super::super::super::store;\n}", 2),
        ("http/me.rs", "use crate::feed::bus::Local;", 1),
        ("http/me.rs", "use crate::feed::{Feed, bus::{Local}};", 1),
        ("store/mod.rs", "use crate :: feed :: Feed ;", 1),
        ("feed/hub.rs", "use crate::store;", 1),
        ("mail/queue.rs", "pub(in crate::http) fn f() {}", 1),
        ("model/user.rs", "use crate::config::Config;", 1),
        ("accounts/sign_up.rs", "use crate::http::Problem;", 1),
        ("accounts/sign_up.rs", "\nuse actix_web::web::Data;", 2),
        ("verification/confirm.rs", "use diesel::prelude::*;", 1),
        ("http/me.rs", "fn f() { let c = '\"'; crate::store::x(); }", 1),
        ("http/me.rs", "fn f<'a>(x: &'a str) { crate::store::x(); }", 1),
        ("main.rs", "use afterclick::store::Store;", 1),
        ("attic/mod.rs", "", 1),
        ("store/mod.rs", "use crate::*;", 1),
    ] {
        let found = breaches(path, text);
        assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
        assert!(
            found.iter().all(|one| one.starts_with(&format!("src/{path}:{line}: "))),
            "{found:?}"
        );
    }
}

#[test]
fn what_only_looks_like_a_breach_is_none() {
    for (path, text) in [
        ("http/me.rs", "use crate::{accounts::Caller, model::User};"),
        ("http/me.rs", "/// See [`crate::store::Store`].\n// crate::store\n/* use crate::mail; */"),
        ("http/me.rs", "const X: &str = \"crate::store::x\\\" crate::mail\";"),
        ("http/me.rs", "const X: &str = r#\"crate::store::\"x\"#;"),
        ("http/stream/mod.rs", "mod tests {\n    use super::super::problem;\n}"),
        ("store/sqlite.rs", "use super::queries; use diesel_async::AsyncConnection;"),
        (
            "feed/hub.rs",
            "use crate::model::Change; use crate::clock::Clock; use std::mem::replace;",
        ),
        ("app.rs", "use crate::store::Store; use actix_web::App;"),
    ] {
        assert_eq!(breaches(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

/// Every file of `src/`, by its path within.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(files.len() > 10, "the sources are in {}", root.display());
    files
}

/// Each breach of one file, as `src/<path>:<line>: <what>`.
fn breaches(path: &str, text: &str) -> Vec<String> {
    let modules = modules_of(path);
    let room = modules.first().map_or_else(|| path.trim_end_matches(".rs"), String::as_str);
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == room) else {
        return vec![format!("src/{path}:1: {room} is no room: give it a line in tests/layers.rs")];
    };
    let mut found = Vec::new();
    for (line, named) in paths_in(text, &modules) {
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let breach = match named.as_slice() {
            ["crate", "*"] => Some("everything".to_owned()),
            ["crate", "feed", "bus", ..] if room == "http" => Some("feed::bus".to_owned()),
            ["crate", other, ..] => {
                let known = MAY_NAME.iter().any(|(name, _)| name == other);
                let free = *other == room || ANYWHERE.contains(other) || allowed.contains(other);
                (known && !free).then(|| (*other).to_owned())
            }
            [first, _, ..] => FRAMEWORKS
                .iter()
                .find(|(prefix, rooms)| first.starts_with(prefix) && !rooms.contains(&room))
                .map(|_| (*first).to_owned()),
            _ => None,
        };
        found.extend(breach.map(|other| format!("src/{path}:{line}: {room} may not name {other}")));
    }
    found.dedup();
    found
}

/// `http/stream/mod.rs` is the module `http::stream`, and `main.rs` the root of its own crate.
fn modules_of(path: &str) -> Vec<String> {
    let bare = path.trim_end_matches(".rs");
    let bare = bare.strip_suffix("/mod").unwrap_or(bare);
    let modules: Vec<String> = bare.split('/').map(ToOwned::to_owned).collect();
    if matches!(bare, "main" | "lib") { Vec::new() } else { modules }
}

/// Every `a::b` of the text with its line: groups are spread out, and `super` is resolved.
fn paths_in(text: &str, file: &[String]) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(text);
    let mut paths = Vec::new();
    // What an open brace stands for: an inline module, a group of `use` after a prefix, or code.
    let mut open: Vec<Open> = Vec::new();
    let mut current: Vec<String> = Vec::new();
    let mut began = 1;
    let mut joined = false;
    for (index, (line, token)) in tokens.iter().enumerate() {
        let word = token == "*"
            || token.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        match token.as_str() {
            "::" => joined = true,
            "{" if joined => {
                open.push(Open::Group(prefix(&open, &current)));
                (current, joined) = (Vec::new(), false);
            }
            _ if word && (joined || current.is_empty()) => {
                if current.is_empty() {
                    began = *line;
                }
                current.push(token.clone());
                joined = false;
            }
            _ => {
                let named = prefix(&open, &current);
                if !current.is_empty() {
                    paths.push((began, resolved(named, file, &open)));
                }
                (current, joined) = (Vec::new(), false);
                if word {
                    (current, began) = (vec![token.clone()], *line);
                } else if token == "{" {
                    let before = index.checked_sub(2).and_then(|two| tokens.get(two));
                    let module = before.is_some_and(|(_, word)| word == "mod");
                    open.push(if module { Open::Module } else { Open::Code });
                } else if token == "}" {
                    open.pop();
                }
            }
        }
    }
    if !current.is_empty() {
        paths.push((began, resolved(prefix(&open, &current), file, &open)));
    }
    paths.into_iter().filter(|(_, path)| path.len() > 1).collect()
}

enum Open {
    Module,
    Group(Vec<String>),
    Code,
}

/// `names` after the prefix of the group they stand in.
fn prefix(open: &[Open], names: &[String]) -> Vec<String> {
    match open.last() {
        Some(Open::Group(before)) => [before, names].concat(),
        _ => names.to_vec(),
    }
}

/// `named` with `super` (and `afterclick`, as `main` calls the library) led back to `crate`.
fn resolved(named: Vec<String>, file: &[String], open: &[Open]) -> Vec<String> {
    let inner = open.iter().filter(|one| matches!(one, Open::Module)).count();
    let ups = named.iter().take_while(|name| *name == "super").count();
    let library = named.first().is_some_and(|name| name == "afterclick");
    if ups == 0 && !library {
        return named;
    }
    let stays = if library { 0 } else { (file.len() + inner).saturating_sub(ups) };
    let home = file.iter().take(stays).cloned();
    let skipped = if library { 1 } else { ups };
    std::iter::once("crate".to_owned()).chain(home).chain(named.into_iter().skip(skipped)).collect()
}

/// Words, `::`, and single signs with their lines; comments, strings, and lifetimes left out.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (mut found, mut index, mut line) = (Vec::new(), 0, 1);
    while index < letters.len() {
        let start = index;
        match (at(index), at(index + 1)) {
            ('/', '/') => {
                while index < letters.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            ('/', '*') => {
                while index < letters.len() && (at(index), at(index + 1)) != ('*', '/') {
                    index += 1;
                }
                index += 2;
            }
            ('r', '"' | '#') if raw_string_end(&letters, index).is_some() => {
                index = raw_string_end(&letters, index).unwrap();
            }
            ('"', _) => {
                index += 1;
                while index < letters.len() && at(index) != '"' {
                    index += if at(index) == '\\' { 2 } else { 1 };
                }
                index += 1;
            }
            ('\'', '\\') => {
                index += 3;
                while index < letters.len() && at(index) != '\'' {
                    index += 1;
                }
                index += 1;
            }
            ('\'', _) if at(index + 2) == '\'' => index += 3,
            ('\'', _) => {
                index += 1;
                while is_word(at(index)) {
                    index += 1;
                }
            }
            (':', ':') => {
                index += 2;
                found.push((line, "::".to_owned()));
            }
            (letter, _) if is_word(letter) => {
                while is_word(at(index)) {
                    index += 1;
                }
                found.push((line, letters.get(start..index).unwrap_or_default().iter().collect()));
            }
            (letter, _) => {
                index += 1;
                if !letter.is_whitespace() {
                    found.push((line, letter.to_string()));
                }
            }
        }
        let passed = letters.get(start..index.min(letters.len())).unwrap_or_default();
        line += passed.iter().filter(|letter| **letter == '\n').count();
    }
    found
}

/// Where the raw string ends that begins at `start`, if one does.
fn raw_string_end(letters: &[char], start: usize) -> Option<usize> {
    let hashes = letters.get(start + 1..)?.iter().take_while(|letter| **letter == '#').count();
    let body = start + 1 + hashes;
    if *letters.get(body)? != '"' {
        return None;
    }
    let closes = |at: &usize| {
        letters.get(*at) == Some(&'"')
            && letters
                .get(at + 1..)
                .unwrap_or_default()
                .iter()
                .take(hashes)
                .filter(|one| **one == '#')
                .count()
                == hashes
    };
    (body + 1..letters.len()).find(closes).map(|at| at + 1 + hashes)
}
