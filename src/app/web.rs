use super::paced::Paced;
use super::serve::HEAD;
use super::socket;
use crate::http::{Services, around, routes};
use actix_http::{HttpService, Protocol};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::{AppConfig, fn_service};
use actix_web::error::DispatchError;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, Error};
use actix_web_lab::middleware::CatchPanic;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// How long a connection may be kept between two requests.
const IDLE: Duration = Duration::from_secs(75);

/// How long a client may take to close a connection that is at its end.
const CLOSING: Duration = Duration::from_secs(1);

/// How long writes under way may take after the streams have gone.
pub(super) const LAST_WRITES: u64 = 5;

/// The web server over `listener`, built without actix's `HttpServer`, which cannot be told what
/// lies between a socket and HTTP.
pub(super) fn server(
    listener: TcpListener,
    services: Data<Services>,
    built_in: bool,
    workers: usize,
    connections: usize,
) -> io::Result<Server> {
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.div_ceil(workers))
        .disable_signals()
        .shutdown_timeout(LAST_WRITES);
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("afterclick", listener, move || {
        let app = App::new()
            .app_data(services.clone())
            .wrap(CatchPanic::default())
            .wrap(from_fn(around))
            .configure(|config| routes(config, built_in))
            .into_factory()
            .map_err(|error: Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(HEAD)
            .client_disconnect_timeout(CLOSING)
            .keep_alive(IDLE)
            // A client that closed its half of a stream is gone; actix would hold the stream until
            // the second heartbeat, and a parked poll to its end.
            .h1_allow_half_closed(false)
            .on_connect_ext(|connection: &Paced, data| {
                data.insert(connection.turn());
            })
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(|connection: TcpStream| async move {
            socket::watch(&connection);
            let peer = connection.peer_addr().ok();
            Ok::<_, DispatchError>((Paced::new(connection), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}
