//! Query parameters; unknown ones are ignored.

use super::problem::Problem;
use crate::model::Cursor;
use actix_web::dev::RequestHead;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use url::form_urlencoded;

/// The first value of a parameter.
pub(super) fn value(head: &RequestHead, name: &str) -> Option<String> {
    pairs(head).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Whether any parameter has one of these names.
pub(super) fn has_any(head: &RequestHead, names: &[&str]) -> bool {
    pairs(head).any(|(key, _)| names.contains(&&*key))
}

/// All parameters and their values.
pub(super) fn pairs(head: &RequestHead) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
}

/// A parameter's number, within its range.
///
/// # Errors
///
/// 400 `bad_parameter` for anything else.
pub(super) fn number<N: FromStr + PartialOrd + Display>(
    head: &RequestHead,
    name: &str,
    range: &RangeInclusive<N>,
) -> Result<Option<N>, Problem> {
    let Some(text) = value(head, name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let (low, high) = (range.start(), range.end());
        Problem::bad("bad_parameter", format!("{name} is a number from {low} to {high}"))
    })
}

/// The `after` parameter.
///
/// # Errors
///
/// 400 `bad_cursor` where it is no cursor.
pub(super) fn after(head: &RequestHead) -> Result<Option<Cursor>, Problem> {
    let after = value(head, "after").map(|text| text.parse());
    after.transpose().map_err(|error| Problem::bad("bad_cursor", error))
}
