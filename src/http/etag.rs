//! Cursors as entity tags, and answers that carry them.

use crate::model::{Cursor, Precondition, User};
use actix_web::dev::RequestHead;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};

/// The `ETag` of a state.
pub(super) fn of(cursor: Cursor) -> String {
    ["\"", &cursor.to_string(), "\""].concat()
}

/// The cursors in `If-None-Match`: a list, each strong or weak (compared weakly, RFC 9110 §13.1.2).
/// What is not a cursor counts as not there.
pub(super) fn presented(head: &RequestHead) -> Vec<Cursor> {
    let tags = tags(head, &IF_NONE_MATCH);
    tags.filter_map(|tag| strong(tag.strip_prefix("W/").unwrap_or(tag))).collect()
}

/// What `If-Match` wants: a list, compared strongly (RFC 9110 §13.1.1), so that a weak one never
/// matches; `*` is any state.
pub(super) fn wanted(request: &HttpRequest) -> Precondition {
    if !request.headers().contains_key(IF_MATCH) {
        return Precondition::Nothing;
    }
    if tags(request.head(), &IF_MATCH).any(|tag| tag == "*") {
        return Precondition::Exists;
    }
    Precondition::At(tags(request.head(), &IF_MATCH).filter_map(strong).collect())
}

/// A user's document with its tag; 304 where the caller has it.
pub(super) fn document(request: &HttpRequest, user: &User) -> HttpResponse {
    let seen = presented(request.head()).contains(&user.cursor);
    let mut response = if seen { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, of(user.cursor)))
        .insert_header((CACHE_CONTROL, "private, no-cache"));
    if seen { response.finish() } else { response.json(user) }
}

/// The members of a header's lists.
fn tags<'a>(head: &'a RequestHead, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = head.headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn strong(tag: &str) -> Option<Cursor> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}
