use super::PollError;
use crate::http::{etag, query};
use crate::model::Cursor;
use actix_web::dev::RequestHead;
use actix_web::http::header::HeaderName;
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// How long a poll is parked unless it says.
const WAIT: Duration = Duration::from_secs(10);

/// The longest a poll may be parked, in seconds; below what common proxies allow.
const MOST: u64 = 30;

/// What a poll asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The newest version the caller has.
    pub after: Option<Cursor>,
    /// What it says in `If-None-Match` that it has, where it says so there only.
    pub held: Vec<Cursor>,
    /// How long it may be parked.
    pub wait: Duration,
}

impl Ask {
    /// Reads the query, and the headers where it says nothing.
    ///
    /// # Errors
    ///
    /// [`PollError::BadCursor`], [`PollError::BadWait`].
    pub fn read(request: &RequestHead) -> Result<Self, PollError> {
        let (mut after, mut wait) = (None, None);
        for (name, value) in query::pairs(request) {
            match &*name {
                "after" => after = after.or(Some(value)),
                "wait" => wait = wait.or(Some(value)),
                _ => {}
            }
        }
        let after = after.map(|text| text.parse()).transpose();
        let after = after.map_err(|_| PollError::BadCursor)?;
        let held = if after.is_none() { etag::presented(request) } else { Vec::new() };
        let newest = held.iter().copied().max_by_key(|cursor| cursor.version);
        let wait = match wait {
            Some(text) => seconds(&text).filter(|wait| *wait <= MOST).ok_or(PollError::BadWait)?,
            None => preferred(request).map_or(WAIT.as_secs(), |wait| wait.min(MOST)),
        };
        let wait = Duration::from_secs(wait);
        Ok(Self { after: after.or(newest), held, wait })
    }

    /// Whether it is answered 304 where nothing is new.
    pub fn is_conditional(&self) -> bool {
        !self.held.is_empty()
    }
}

/// `wait` of RFC 7240 §4.3; the first that is given counts, and one that is no number does not.
fn preferred(request: &RequestHead) -> Option<u64> {
    let lines = request.headers.get_all(&PREFER).filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| seconds(value.trim().trim_matches('"')))
}

/// Digits only: Rust would read `+5` too.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are still a number, and a large one.
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    fn ask(uri: &str, headers: &[(&str, &str)]) -> Result<Ask, PollError> {
        let request = headers
            .iter()
            .fold(TestRequest::with_uri(uri), |request, header| request.append_header(*header));
        Ask::read(request.to_http_request().head())
    }

    #[rstest]
    #[case("/v1/poll", &[], None, false, 10)]
    #[case("/v1/poll?wait=0", &[], None, false, 0)]
    #[case("/v1/poll?wait=30&after=aaaaaaaa.7", &[], Some("aaaaaaaa.7"), false, 30)]
    #[case("/v1/poll?unknown=1&after=aaaaaaaa%2e7", &[], Some("aaaaaaaa.7"), false, 10)]
    #[case("/v1/poll", &[("if-none-match", "\"aaaaaaaa.7\"")], Some("aaaaaaaa.7"), true, 10)]
    #[case("/v1/poll", &[("if-none-match", "W/\"aaaaaaaa.7\"")], Some("aaaaaaaa.7"), true, 10)]
    #[case("/v1/poll", &[("if-none-match", "\"x\", \"aaaaaaaa.6\" ,W/\"aaaaaaaa.7\"")],
        Some("aaaaaaaa.7"), true, 10)]
    #[case("/v1/poll", &[("if-none-match", "\"aaaaaaaa.8\""), ("if-none-match", "\"aaaaaaaa.7\"")],
        Some("aaaaaaaa.8"), true, 10)]
    #[case("/v1/poll", &[("if-none-match", "aaaaaaaa.7")], None, false, 10)]
    #[case("/v1/poll", &[("if-none-match", "*")], None, false, 10)]
    #[case("/v1/poll?after=aaaaaaaa.7", &[("if-none-match", "\"aaaaaaaa.9\"")],
        Some("aaaaaaaa.7"), false, 10)]
    #[case("/v1/poll", &[("prefer", "wait=3")], None, false, 3)]
    #[case("/v1/poll", &[("prefer", "respond-async, Wait=\"3\"; foo")], None, false, 3)]
    #[case("/v1/poll", &[("prefer", "return=minimal"), ("prefer", "wait=4")], None, false, 4)]
    #[case("/v1/poll", &[("prefer", "wait=99999999999999999999999")], None, false, 30)]
    #[case("/v1/poll", &[("prefer", "wait=-1")], None, false, 10)]
    #[case("/v1/poll?wait=5", &[("prefer", "wait=3")], None, false, 5)]
    fn a_poll_is_read(
        #[case] uri: &str,
        #[case] headers: &[(&str, &str)],
        #[case] after: Option<&str>,
        #[case] conditional: bool,
        #[case] wait: u64,
    ) {
        let after = after.map(|text| text.parse().unwrap());
        let wait = Duration::from_secs(wait);

        let ask = ask(uri, headers).unwrap();
        assert_eq!((ask.after, ask.is_conditional(), ask.wait), (after, conditional, wait));
    }

    #[rstest]
    #[case("31")]
    #[case("-1")]
    #[case("+1")]
    #[case("1.5")]
    #[case("ten")]
    #[case("")]
    #[case("99999999999999999999999")]
    fn a_wait_outside_its_range_is_refused(#[case] wait: &str) {
        let uri = format!("/v1/poll?wait={}", wait.replace('+', "%2B"));

        assert!(matches!(ask(&uri, &[]), Err(PollError::BadWait)));
    }

    #[rstest]
    #[case("")]
    #[case("7")]
    #[case("aaaaaaaa.07")]
    #[case("aaaaaaaa.7%0A")]
    #[case("%22aaaaaaaa.7%22")]
    fn a_cursor_that_is_none_is_refused(#[case] after: &str) {
        assert!(matches!(ask(&format!("/v1/poll?after={after}"), &[]), Err(PollError::BadCursor)));
    }
}
