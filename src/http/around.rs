//! What stands around every handler: request ids, logs, and one form for every error.

use super::caller::Renewed;
use super::problem::Problem;
use super::services::Services;
use super::turn::{LastOf, Turn};
use super::{client, cookie, cors};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use uuid::{NoContext, Timestamp, Uuid};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is said of a failure that nobody foresaw.
const OUR_FAULT: &str = "something went wrong on our side";

/// Runs a request with its id and its log line; see the module.
///
/// # Errors
///
/// 500 where the handler panicked.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let services = request.app_data::<Data<Services>>().cloned();
    let services = services.as_deref().map(|services| &**services);
    let route = request.match_pattern().map_or(Cow::Borrowed("(none)"), Cow::Owned);
    let arrived = Arrived::of(request.head(), route, services);
    request.extensions_mut().insert(RequestId(Arc::clone(&arrived.id)));
    let announced = |name| request.headers().contains_key(name);
    let body = announced(CONTENT_LENGTH) || announced(TRANSFER_ENCODING);
    let turn = request.request().conn_data::<Turn>().map(|turn| turn.take(body));
    let Ok(response) = next.call(request).await else {
        // A handler panicked: its request is gone, and only the error can carry the answer.
        let problem = our_fault();
        arrived.log(problem.status(), services);
        return Err(problem.of_request(arrived.id.to_string()).into());
    };
    let mut response = as_problem(response.map_into_boxed_body());
    cors::tidy(response.headers_mut(), services);
    let renewed = response.request().extensions_mut().remove::<Renewed>();
    arrived.answered(response.response_mut(), renewed, services);
    // Without a turn to give back there is nothing to wait for, and a stream is spared the wrapping.
    let Some(turn) = turn else { return Ok(response) };
    Ok(response.map_body(|_, body| LastOf { body, turn: Some(turn) }.boxed()))
}

/// The request's id, left with it for the handlers.
struct RequestId(Arc<str>);

/// The id of a request that is being answered.
pub(super) fn request_id(request: &HttpRequest) -> Option<Arc<str>> {
    request.extensions().get::<RequestId>().map(|id| Arc::clone(&id.0))
}

/// The caller's own id where it is fit for a log, or a new one.
fn identify(head: &RequestHead) -> Arc<str> {
    let theirs = head.headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    // Not in order with those of the same instant, for which all threads would take a lock.
    let ours = || Uuid::new_v7(Timestamp::now(NoContext)).to_string().into();
    theirs.filter(fits).map_or_else(ours, Arc::from)
}

/// What is answered where a handler panicked.
pub(super) fn our_fault() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", OUR_FAULT)
}

/// Gives a bare error of the framework (no route, no such method, a bad path) the form of ours.
fn as_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let formed = response.headers().contains_key(CONTENT_TYPE);
    if status.as_u16() < 400 || (formed && status != StatusCode::INTERNAL_SERVER_ERROR) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::not_found("there is nothing here"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            status,
            "method_not_allowed",
            "this address takes other methods, see Allow",
        ),
        StatusCode::INTERNAL_SERVER_ERROR => our_fault(),
        other => Problem::new(other, "bad_request", "the request could not be read"),
    };
    let allow = response.headers().get(ALLOW).cloned();
    let mut formed = problem.error_response();
    if let Some(allow) = allow {
        formed.headers_mut().insert(ALLOW, allow);
    }
    response.into_response(formed)
}

/// What is told of a request in the log and by its answer, taken before the handler takes the request.
pub(super) struct Arrived {
    began: Instant,
    id: Arc<str>,
    method: Method,
    /// The route's pattern, as the path itself may hold a token.
    route: Cow<'static, str>,
    client: Option<IpAddr>,
}

impl Arrived {
    pub fn of(head: &RequestHead, route: Cow<'static, str>, services: Option<&Services>) -> Self {
        Self {
            began: Instant::now(),
            id: identify(head),
            method: head.method.clone(),
            route,
            client: services.and_then(|services| services.settings.proxies.client(head)),
        }
    }

    /// Puts on an answer what every answer has, and tells the log of it.
    pub fn answered(
        &self,
        response: &mut HttpResponse,
        renewed: Option<Renewed>,
        services: Option<&Services>,
    ) {
        if let (Some(token), Some(services)) = (renewed, services) {
            let cookie = cookie::set(&token.0, &services.settings.public_url);
            // It fails for characters that a token has not.
            let _ = response.add_cookie(&cookie);
        }
        if services.is_some_and(|services| services.feed.draining().is_some()) {
            // So that no proxy sends a request on a connection in the instant in which we close it.
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, value);
        }
        self.log(response.status(), services);
    }

    /// One line a request.
    fn log(&self, status: StatusCode, services: Option<&Services>) {
        let status = status.as_u16();
        if let Some(services) = services {
            services.answered.count(&self.route, status);
        }
        tracing::info!(
            request.id = %self.id,
            http.method = %self.method,
            http.route = %self.route,
            http.status = status,
            client.network = %client::network(self.client),
            elapsed.ms = %self.began.elapsed().as_millis(),
            "request answered"
        );
    }
}
