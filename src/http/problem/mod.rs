//! Failures as answers (RFC 9457), and the one place that knows which is which status.

mod statuses;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// How soon to try again what failed because of us.
const SOON: Duration = Duration::from_secs(1);

/// An answer that says what went wrong, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    attempts_left: Option<i64>,
    request_id: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<i64>,
}

impl Problem {
    /// A problem with a status, a code for programs, and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl fmt::Display) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            retry_after: None,
            attempts_left: None,
            request_id: None,
        }
    }

    /// 400.
    pub fn bad(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 404, for whatever it is that is not there.
    pub fn not_found(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 422: well-formed, and not acceptable.
    pub fn unprocessable(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429 with `Retry-After`.
    pub fn too_many(detail: impl fmt::Display, wait: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).after(wait)
    }

    /// 503 with `Retry-After`, for what may work in a moment.
    pub fn unavailable(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after(SOON)
    }

    /// The same, and how soon to try again.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same, where nobody after it will add the request's id.
    #[must_use]
    pub fn of_request(mut self, id: String) -> Self {
        self.request_id = Some(id);
        self
    }

    /// The problem of one row of an answer about many.
    pub(super) fn as_row(&self) -> Value {
        json!({ "status": self.status.as_u16(), "code": self.code, "detail": self.detail })
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How soon to try again, where that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// 503 for a failure of ours; logged here, once, with its causes.
    fn failed(error: &(dyn Error + 'static)) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        tracing::error!(error = %error, error.causes = %causes.join(": "), "a request failed");
        Self::unavailable(error)
    }

    fn unauthorized(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }
}

/// Whole seconds, rounded up, at least one: whoever waits that long is let in.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(wait) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds(wait).to_string()));
        }
        if let Some(id) = &self.request_id {
            response.insert_header(("x-request-id", id.as_str()));
        }
        match self.code {
            "unauthenticated" => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            "invalid_token" => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
            }
            _ => {}
        }
        let body = Body {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            attempts_left: self.attempts_left,
        };
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

/// A failure of the database below an operation that can fail in no other way.
pub(super) fn unavailable(error: &(dyn Error + 'static)) -> Problem {
    Problem::failed(error)
}
