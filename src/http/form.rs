//! The forms of our own pages.

use super::json;
use super::problem::Problem;
use actix_web::web::Payload;

/// A field of a form (`application/x-www-form-urlencoded`), as the page's button sends it.
///
/// # Errors
///
/// Where the body is too large, too slow, or breaks off.
pub(super) async fn field(name: &str, payload: Payload) -> Result<Option<String>, Problem> {
    let body = json::within_deadline(payload.into_inner(), json::MAX_BODY).await?;
    let mut pairs = url::form_urlencoded::parse(&body);
    Ok(pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()))
}
