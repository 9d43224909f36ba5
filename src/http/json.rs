//! JSON bodies, read within bounds of size, depth, and time.

use super::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use std::time::Duration;

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// The largest body of a call that takes many things at once.
pub(super) const LARGE_BODY: usize = 2 * 1024 * 1024;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 32;

/// How long a body may take to arrive: actix itself would wait for ever.
const DEADLINE: Duration = Duration::from_secs(15);

/// A JSON object as the body, of at most `MOST` bytes; no body at all counts as `{}`.
pub(super) struct Json<T, const MOST: usize = MAX_BODY>(pub(super) T);

impl<T: DeserializeOwned, const MOST: usize> FromRequest for Json<T, MOST> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(request);
        let coded =
            request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        let announced = request.headers().get(CONTENT_LENGTH).cloned();
        let payload = payload.take();
        async move {
            // A body that is announced too large is not waited for.
            let announced =
                announced.as_ref().and_then(|length| length.to_str().ok()?.parse().ok());
            if announced.is_some_and(|length: usize| length > MOST) {
                return Err(too_large(MOST));
            }
            let body = within_deadline(payload, MOST).await?;
            if body.is_empty() {
                return parse(b"{}").map(Self);
            }
            if !json || coded {
                let detail =
                    "the body must be JSON, uncompressed, with Content-Type: application/json";
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    detail,
                ));
            }
            parse(&body).map(Self)
        }
        .boxed_local()
    }
}

/// Whether the request says that its body is JSON, in UTF-8 as all JSON is (RFC 8259 §8.1).
pub(super) fn is_json(request: &HttpRequest) -> bool {
    let kind = request.mime_type().ok().flatten();
    kind.is_some_and(|kind| {
        let charset = kind.get_param("charset");
        kind.essence_str() == "application/json" && charset.is_none_or(|charset| charset == "utf-8")
    })
}

/// The whole body.
///
/// # Errors
///
/// 413 beyond `most` bytes, 408 where it is slower than [`DEADLINE`], 400 where it breaks off.
pub(super) async fn within_deadline(payload: Payload, most: usize) -> Result<Vec<u8>, Problem> {
    tokio::time::timeout(DEADLINE, collect(payload, most)).await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long to arrive")
    })?
}

async fn collect(mut payload: Payload, most: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::bad("bad_body", "the body broke off"))?;
        if body.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large(most: usize) -> Problem {
    let detail = format!("the body is larger than {} KiB", most / 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

/// A value of a body that was read, as what it should be.
///
/// # Errors
///
/// 422 `bad_member`.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value)
        .map_err(|error| Problem::unprocessable("bad_member", without_values(&error)))
}

/// A body that was read, as what it should be.
///
/// # Errors
///
/// 400 `bad_json`; 422 `bad_member` where it is JSON of another shape.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if depth(body) > MAX_DEPTH {
        return Err(Problem::bad("bad_json", "the body nests deeper than 32"));
    }
    serde_json::from_slice(body).map_err(|error| {
        // Positions are kept, values are not: a password must not come back in an error.
        let at = format!("line {}, column {}", error.line(), error.column());
        // A member of the wrong type is met before what breaks off behind it.
        let whole = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if error.is_data() && whole {
            Problem::unprocessable("bad_member", format!("{} at {at}", without_values(&error)))
        } else {
            Problem::bad("bad_json", format!("the body is not JSON: see {at}"))
        }
    })
}

/// What serde says of a member, where that names members and no values.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let safe = ["unknown field", "missing field", "duplicate field"];
    if safe.iter().any(|safe| text.starts_with(safe)) {
        text.split(" at line ").next().unwrap_or_default().to_owned()
    } else {
        "a member has the wrong type".to_owned()
    }
}

/// How deep the text nests, outside strings; meaningless for what is not JSON.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut text, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match (text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;
    use actix_web::test::TestRequest;
    use bytes::Bytes;
    use futures_util::stream::{iter, pending};

    #[tokio::test(start_paused = true)]
    async fn s20_a_body_that_stalls_is_given_up_after_15_seconds() {
        let some = iter([Ok::<_, PayloadError>(Bytes::from_static(b"{\"email\":"))]);
        let stalls = Payload::from(some.chain(pending()).boxed_local());
        let request = TestRequest::post().insert_header(("content-type", "application/json"));
        let began = tokio::time::Instant::now();

        let read = Json::<Value>::from_request(&request.to_http_request(), &mut { stalls }).await;

        assert_eq!(read.err().unwrap().status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed(), DEADLINE);
    }

    #[test]
    fn depth_counts_what_nests_and_not_what_is_quoted() {
        assert_eq!(depth(br#"{"a":[{"b":"[[[{"}]}"#), 3);
        assert_eq!(depth(br#""\"[[""#), 0);
        assert!(parse::<Value>("[".repeat(33).as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(32), "]".repeat(32));
        assert!(parse::<Value>(deep.as_bytes()).is_ok());
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            #[expect(dead_code, reason = "only its type matters here")]
            password: String,
        }
        let refused = |text: &str| parse::<Body>(text.as_bytes()).unwrap_err().to_string();

        assert!(!refused(r#"{"password": 12345678}"#).contains("12345678"));
        assert!(refused(r#"{"password": "x", "admin": true}"#).contains("unknown field `admin`"));
        assert!(refused("{}").contains("missing field `password`"));
    }
}
