//! Cursors as entity tags.

use crate::model::Cursor;
use actix_web::HttpRequest;
use actix_web::http::header::IF_NONE_MATCH;

/// The `ETag` of a state.
pub(super) fn of(cursor: Cursor) -> String {
    format!("\"{cursor}\"")
}

/// The cursors in `If-None-Match`: a list, each strong or weak (compared weakly, RFC 9110 §13.1.2).
/// What is not a cursor counts as not there.
pub(super) fn presented(request: &HttpRequest) -> Vec<Cursor> {
    let values = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|tag| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
        })
        .collect()
}
