//! Who answers a request.

use crate::http::{Services, is_plain, plain};
use actix_http::{Request, Response};
use actix_service::{Service, forward_ready};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::web::Data;
use futures_util::TryFutureExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use std::rc::Rc;

/// The application, and before it who answers plain requests for streams and polls, where there are
/// any to answer.
pub(super) struct Front<S> {
    pub app: Rc<S>,
    pub users: Option<Data<Services>>,
}

impl<S> Service<Request> for Front<S>
where
    S: Service<Request, Response = ServiceResponse, Error = HttpResponse>,
    S::Future: 'static,
{
    type Response = Response<BoxBody>;
    type Error = HttpResponse;
    // Boxed, so that a stream keeps no room for it.
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(app);

    fn call(&self, request: Request) -> Self::Future {
        let plainly = self.users.as_ref().filter(|_| is_plain(request.head()));
        let Some(services) = plainly.cloned() else {
            return self.app.call(request).map_ok(Into::into).boxed_local();
        };
        async move { Ok(plain(&services, request).await.into()) }.boxed_local()
    }
}
