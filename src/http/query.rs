//! Query parameters; unknown ones are ignored.

use super::problem::Problem;
use crate::model::Cursor;
use actix_web::HttpRequest;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The first value of a parameter.
pub(super) fn value(request: &HttpRequest, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Whether any parameter has one of these names.
pub(super) fn has_any(request: &HttpRequest, names: &[&str]) -> bool {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.any(|(key, _)| names.contains(&&*key))
}

/// A parameter's number, within its range.
///
/// # Errors
///
/// 400 `bad_parameter` for anything else.
pub(super) fn number<N: FromStr + PartialOrd + Display>(
    request: &HttpRequest,
    name: &str,
    range: &RangeInclusive<N>,
) -> Result<Option<N>, Problem> {
    let Some(text) = value(request, name) else { return Ok(None) };
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
pub(super) fn after(request: &HttpRequest) -> Result<Option<Cursor>, Problem> {
    let after = value(request, "after").map(|text| text.parse());
    after.transpose().map_err(|error| Problem::bad("bad_cursor", error))
}
