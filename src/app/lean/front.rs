use super::Scratch;
use super::serve::serve;
use crate::app::paced::Paced;
use crate::app::socket;
use actix_http::Protocol;
use actix_http::body::BoxBody;
use actix_server::GracefulShutdownSignal;
use actix_service::Service;
use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;
use actix_web::error::DispatchError;
use actix_web::rt::net::TcpStream;
use futures_util::future::LocalBoxFuture;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// What takes a worker's connections, and gives to actix those that are not ours.
pub(in crate::app) struct Front<A, H> {
    app: Rc<A>,
    http: Rc<H>,
    stopping: GracefulShutdownSignal,
    scratch: Scratch,
}

impl<A, H> Front<A, H> {
    /// `app` answers the requests that are ours, and `http` serves the other connections.
    pub fn new(app: A, http: H, stopping: GracefulShutdownSignal) -> Self {
        Self { app: Rc::new(app), http: Rc::new(http), stopping, scratch: Scratch::default() }
    }
}

impl<A, H> Service<TcpStream> for Front<A, H>
where
    A: Service<actix_http::Request, Response = ServiceResponse<BoxBody>, Error = HttpResponse>
        + 'static,
    H: Service<(Paced, Protocol, Option<SocketAddr>), Response = (), Error = DispatchError>
        + 'static,
{
    type Response = ();
    type Error = DispatchError;
    type Future = LocalBoxFuture<'static, Result<(), DispatchError>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), DispatchError>> {
        ready!(self.http.poll_ready(context))?;
        self.app.poll_ready(context).map_err(|_| DispatchError::InternalError)
    }

    fn call(&self, connection: TcpStream) -> Self::Future {
        let (app, http) = (Rc::clone(&self.app), Rc::clone(&self.http));
        let (stopping, scratch) = (self.stopping.clone(), Rc::clone(&self.scratch));
        Box::pin(async move {
            socket::watch(&connection);
            let peer = connection.peer_addr().ok();
            match serve(connection, peer, &*app, &stopping, &scratch).await {
                // Boxed, so that a stream's task keeps no room for it.
                Some(connection) => {
                    Box::pin(http.call((Paced::new(connection), Protocol::Http1, peer))).await
                }
                None => Ok(()),
            }
        })
    }
}
