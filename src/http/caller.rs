//! Who is asking: the extractors that a handler names to be called by that kind of caller only.

use super::json::{Json, MAX_BODY};
use super::problem::Problem;
use super::services::Services;
use super::{around, cookie, query};
use crate::accounts::{AuthenticateError, Backend, Caller, Newcomer, Presented};
use crate::model::{OpaqueToken, Scope};
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::DeserializeOwned;

/// A user, by bearer or cookie.
pub(super) struct User(pub(super) Caller);

/// A user on a route that takes a ticket too, and who may have to be made: see
/// [`crate::accounts::Accounts::listener`].
pub(super) struct Listener {
    pub(super) caller: Caller,
    pub(super) newcomer: Option<Newcomer>,
    pub(super) renewed: Option<Renewed>,
}

impl Listener {
    /// Whose credential the request came with.
    pub(super) async fn of(head: &RequestHead, services: &Services) -> Result<Self, Problem> {
        Self::by(presented(head, services, true), services).await
    }

    async fn by(presented: Presented, services: &Services) -> Result<Self, Problem> {
        let cookie =
            if let Presented::Cookie(token) = &presented { Some(token.clone()) } else { None };
        let (caller, newcomer) = services.accounts.listener(presented).await?;
        let renewed = cookie.filter(|_| caller.renewed).map(Renewed);
        Ok(Self { caller, newcomer, renewed })
    }
}

/// A backend, by an API key whose scopes allow the request's method: see [`scope`].
pub(super) struct Publisher(pub(super) Backend);

/// The token of a session whose end was put off: the cookie is to be set anew. Left with the request, or
/// handed on.
pub(super) struct Renewed(pub(super) OpaqueToken);

impl FromRequest for User {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move {
            let services = services(&request)?;
            let presented = presented(request.head(), services, false);
            let Listener { caller, newcomer, renewed } = Listener::by(presented, services).await?;
            leave(&request, renewed);
            let met = services.accounts.meet(newcomer).await;
            met.map_err(AuthenticateError::Store)?;
            Ok(Self(Caller { request: around::request_id(&request), ..caller }))
        }
        .boxed_local()
    }
}

impl FromRequest for Listener {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move {
            let mut listener = Self::of(request.head(), services(&request)?).await?;
            leave(&request, listener.renewed.take());
            Ok(listener)
        }
        .boxed_local()
    }
}

impl FromRequest for Publisher {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move {
            let services = services(&request)?;
            let presented = presented(request.head(), services, false);
            let backend = services.accounts.backend(presented, scope(request.method())).await?;
            Ok(Self(Backend { request: around::request_id(&request), ..backend }))
        }
        .boxed_local()
    }
}

/// What a backend's call takes: to look, to write, or to take away. By the method, so that no route
/// can forget to ask.
fn scope(method: &Method) -> Scope {
    match *method {
        Method::GET | Method::HEAD => Scope::Read,
        Method::DELETE => Scope::Admin,
        _ => Scope::Publish,
    }
}

/// A caller and what it says, looked at in this order: of two extractors that a handler names side by
/// side the faster one answers, and a stranger would be told what is wrong with its body.
pub(super) struct Asked<C, T, const MOST: usize = MAX_BODY>(pub(super) C, pub(super) T);

impl<C, T, const MOST: usize> FromRequest for Asked<C, T, MOST>
where
    C: FromRequest<Error = Problem> + 'static,
    T: DeserializeOwned + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        async move {
            let caller = C::extract(&request).await?;
            let Json(body) = Json::<T, MOST>::from_request(&request, &mut payload).await?;
            Ok(Self(caller, body))
        }
        .boxed_local()
    }
}

fn leave(request: &HttpRequest, renewed: Option<Renewed>) {
    if let Some(renewed) = renewed {
        request.extensions_mut().insert(renewed);
    }
}

fn services(request: &HttpRequest) -> Result<&Services, Problem> {
    let services = request.app_data::<Data<Services>>().map(|services| &***services);
    services.ok_or_else(|| Problem::unavailable("the service is starting"))
}

/// What the request came with. An `Authorization` that is no bearer is a bad credential, and no
/// reason to look at the cookie.
pub(super) fn presented(head: &RequestHead, services: &Services, ticket: bool) -> Presented {
    if let Some(header) = head.headers.get(AUTHORIZATION) {
        let text = std::str::from_utf8(header.as_bytes()).ok();
        let parts = text.and_then(|text| text.split_once(' '));
        let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = bearer.map_or("", |(_, token)| token.trim_ascii());
        return Presented::Bearer(OpaqueToken::presented(token));
    }
    // A ticket was asked for by this very page, the cookie is whoever's the browser has.
    if let Some(ticket) = query::value(head, "ticket").filter(|_| ticket) {
        return Presented::Ticket(OpaqueToken::presented(&ticket));
    }
    cookie::read(head, &services.settings.public_url).map_or(Presented::Nothing, Presented::Cookie)
}
