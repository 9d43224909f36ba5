use super::lean::Front;
use super::paced::Paced;
use super::serve::HEAD;
use crate::http::{Offered, Services, around, cors, refuse, routes};
use actix_http::HttpService;
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_factory, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, Error};
use actix_web_lab::middleware::CatchPanic;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
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
        let (services, stopping) = (services.clone(), stopping.clone());
        let app = || {
            let app = App::new()
                .app_data(services.clone())
                .wrap(CatchPanic::default())
                .wrap(from_fn(refuse))
                .wrap(cors(&services))
                .wrap(from_fn(around))
                .configure(|config| routes(config, offered));
            let app = app.into_factory().map_err(|error: Error| error.error_response());
            map_config(app, |()| AppConfig::default())
        };
        let http = HttpService::build()
            .graceful_shutdown_signal({
                let stopping = stopping.clone();
                move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                }
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
            .finish(app());
        let (app, http) = (Rc::new(app()), Rc::new(http));
        fn_factory(move || {
            let (app, http, stopping) = (Rc::clone(&app), Rc::clone(&http), stopping.clone());
            async move {
                let (app, http) = (app.new_service(()).await?, http.new_service(()).await?);
                Ok::<_, ()>(Front::new(app, http, stopping))
            }
        })
    })
}
