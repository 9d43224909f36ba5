use crate::clock::Clock;
use actix_http::header::HttpDate;
use std::time::{Duration, SystemTime};

/// The service's time as the `Date` of an answer (RFC 9110 §6.6.1).
pub(super) fn date(clock: &dyn Clock) -> HttpDate {
    let now = u64::try_from(clock.now().seconds()).unwrap_or_default();
    HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(now))
}
