use super::paced::Paced;
use super::serve::HEAD;
use super::socket;
use crate::http::{Offered, Services, around, cors, refuse, routes};
use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerBuilder};
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
pub(super) const IDLE: Duration = Duration::from_secs(75);

/// How long a client may take to close a connection that is at its end.
const CLOSING: Duration = Duration::from_secs(1);

/// How long writes under way may take after the streams have gone.
pub(super) const LAST_WRITES: u64 = 5;

/// Where the server listens.
pub(super) struct Listeners {
    pub everybody: TcpListener,
    /// For metrics and documentation, which are nowhere else then.
    pub operators: Option<TcpListener>,
}

/// The web server, built without actix's `HttpServer`, which cannot be told what lies between a
/// socket and HTTP.
pub(super) fn server(
    listeners: Listeners,
    services: &Data<Services>,
    built_in: bool,
    workers: usize,
    connections: usize,
) -> io::Result<Server> {
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.div_ceil(workers))
        .disable_signals()
        .shutdown_timeout(LAST_WRITES);
    let apart = listeners.operators.is_some();
    let everybody = Offered { accounts: built_in, users: true, operators: !apart };
    let builder = listen(builder, "afterclick", listeners.everybody, services, everybody)?;
    let Some(operators) = listeners.operators else { return Ok(builder.run()) };
    let offered = Offered { accounts: built_in, users: false, operators: true };
    Ok(listen(builder, "operators", operators, services, offered)?.run())
}

fn listen(
    builder: ServerBuilder,
    name: &str,
    listener: TcpListener,
    services: &Data<Services>,
    offered: Offered,
) -> io::Result<ServerBuilder> {
    let stopping = builder.graceful_shutdown_signal();
    let services = services.clone();
    builder.listen(name, listener, move || {
        let app = App::new()
            .app_data(services.clone())
            .wrap(CatchPanic::default())
            .wrap(from_fn(refuse))
            .wrap(cors(&services))
            .wrap(from_fn(around))
            .configure(|config| routes(config, offered))
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
    })
}
