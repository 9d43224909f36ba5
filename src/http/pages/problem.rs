use super::frame::tenants_html;
use crate::model::TenantSettings;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use askama::Template;
use std::time::Duration;

/// A page for what is nobody's fault who sees it: 503, 429, and whatever else a form may meet.
///
/// `retry_after` becomes the header too, in whole seconds, rounded up.
pub fn problem_page(
    status: StatusCode,
    retry_after: Option<Duration>,
    tenant: &TenantSettings,
) -> HttpResponse {
    let (title, detail) = match status {
        StatusCode::SERVICE_UNAVAILABLE => (
            "Please try again in a moment",
            "We cannot reach our records just now. Nothing is lost, and your link stays good.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "That was too often",
            "Please wait a little before you try again. Your link stays good.",
        ),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => (
            "That did not arrive as it was sent",
            "Please open the link in your mail again and press the button there.",
        ),
        status if status.is_client_error() => (
            "That cannot be done here",
            "Please open the link in your mail again and press the button there.",
        ),
        _ => ("Something went wrong on our side", "Please try again. Your link stays good."),
    };
    let seconds = retry_after.map(|span| span.as_millis().div_ceil(1_000));
    let mut response = tenants_html(status, tenant, &Problem { title, detail, seconds });
    if let Some(seconds) =
        seconds.and_then(|seconds| HeaderValue::try_from(seconds.to_string()).ok())
    {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

#[derive(Template)]
#[template(path = "problem.html", config = "src/http/pages/askama.toml")]
struct Problem<'a> {
    title: &'a str,
    detail: &'a str,
    seconds: Option<u128>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[tokio::test]
    async fn a_problem_says_when_to_come_back() {
        let page = problem_page(
            StatusCode::SERVICE_UNAVAILABLE,
            Some(Duration::from_millis(4_100)),
            &TenantSettings::default(),
        );

        assert_eq!(page.status(), 503);
        assert_eq!(page.headers().get("retry-after").unwrap(), "5");
        let body = to_bytes(page.into_body()).await.unwrap();
        assert!(std::str::from_utf8(&body).unwrap().contains("5 seconds"));
    }
}
