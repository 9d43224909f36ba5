//! Streams and polls as most clients ask for them, answered without a router.
//!
//! The application around a handler took a third of what a poll cost, and kept the request for as long
//! as it was parked. For these two routes what stands around every handler is called from here, in the
//! same order. Whatever is not plain goes the application's way, and is answered alike.

use super::around::{Arrived, our_fault};
use super::caller::{Listener, Renewed};
use super::poll::Ask;
use super::problem::Problem;
use super::services::Services;
use super::{cors, listen, refuse};
use actix_http::Request;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::ORIGIN;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;

/// Where streams are opened.
pub const STREAM: &str = "/v1/stream";

/// Where polls are asked.
pub const POLL: &str = "/v1/poll";

/// Whether a request is a plain one: a GET of one of the two by its own name, which no page of another
/// origin sends, so that neither CORS nor `cross_site` has anything to do.
pub fn is_plain(head: &RequestHead) -> bool {
    head.method == Method::GET
        && [STREAM, POLL].contains(&head.uri.path())
        && !head.headers.contains_key(ORIGIN)
}

/// Answers a request that [`is_plain`].
///
/// A stream's head is answered at once, a poll when it is; dropping the future gives its place back.
pub async fn plain(services: &Data<Services>, request: Request) -> HttpResponse {
    let route = if request.path() == STREAM { STREAM } else { POLL };
    let arrived = Arrived::of(request.head(), Cow::Borrowed(route), Some(services));
    let mut renewed = None;
    let answer = caught(async {
        // Boxed, so that a parked poll keeps no room for it.
        let answer = Box::pin(admitted(services, request, &mut renewed)).await?;
        answer.await
    })
    .await;
    let mut response = answer.unwrap_or_else(|problem| problem.error_response());
    cors::nowhere(response.headers_mut(), services);
    arrived.answered(&mut response, renewed, Some(services));
    response
}

/// Looks at a request and lets it in; what is returned waits for the answer, and holds nothing else.
async fn admitted(
    services: &Data<Services>,
    request: Request,
    renewed: &mut Option<Renewed>,
) -> Result<impl Future<Output = Result<HttpResponse, Problem>> + use<>, Problem> {
    let head = request.head();
    refuse::misfit(head, head.uri.path())?;
    let mut user = Listener::of(head, services).await;
    *renewed = user.as_mut().ok().and_then(|user| user.renewed.take());
    if head.uri.path() == STREAM {
        return Ok(Either::Left(ready(listen::open(services, user, head))));
    }
    Ok(Either::Right(listen::wait(services, user?, Ask::read(head)?)))
}

/// A panic fails its own request and no other.
fn caught(
    answer: impl Future<Output = Result<HttpResponse, Problem>>,
) -> impl Future<Output = Result<HttpResponse, Problem>> {
    // What it may leave half done is its own: all that is shared is behind locks that outlive a panic.
    let caught = AssertUnwindSafe(answer).catch_unwind();
    caught.map(|answer| answer.unwrap_or_else(|_| Err(our_fault())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    #[rstest]
    #[case::stream(TestRequest::with_uri("/v1/stream?last_event_id=k3f9w2qa.7"), true)]
    #[case::poll(TestRequest::with_uri("/v1/poll"), true)]
    #[case::only_its_head(TestRequest::with_uri("/v1/poll").method(Method::HEAD), false)]
    #[case::posted(TestRequest::post().uri("/v1/poll"), false)]
    #[case::elsewhere(TestRequest::with_uri("/v1/me"), false)]
    #[case::below(TestRequest::with_uri("/v1/poll/"), false)]
    #[case::spelt(TestRequest::with_uri("/v1/%70oll"), false)]
    #[case::another_origins(TestRequest::with_uri("/v1/poll").insert_header((ORIGIN, "null")), false)]
    fn what_is_plain_is_known(#[case] request: TestRequest, #[case] plain: bool) {
        assert_eq!(is_plain(request.to_request().head()), plain);
    }

    #[test]
    fn a_parked_poll_keeps_little() {
        fn kept<F>(_: impl FnOnce(&'static Data<Services>, Request) -> F) -> usize {
            size_of::<F>()
        }

        // There are thousands of them. It was four times that while all was passed on by async functions.
        assert!(kept(plain) <= 1024, "{}", kept(plain));
    }

    #[tokio::test]
    async fn a_panic_is_a_problem() {
        let problem = caught(async { panic!("the poisoned row") }).await.unwrap_err();

        assert_eq!(problem, our_fault());
    }
}
