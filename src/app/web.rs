use super::connection::{Begun, Taker};
use super::front::Front;
use super::lean::Scratch;
use super::paced::Paced;
use super::serve::HEAD;
use crate::http::{Offered, Services, around, cors, refuse, routes};
use actix_http::{HttpService, Request};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service,
    map_config,
};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::error::DispatchError;
use actix_web::middleware::from_fn;
use actix_web::rt::{self, net::TcpStream};
use actix_web::web::Data;
use actix_web::{App, Error, HttpResponse};
use actix_web_lab::middleware::CatchPanic;
use std::future::ready;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long a connection may be kept between two requests.
pub(super) const IDLE: Duration = Duration::from_secs(75);

/// How long a client may take to close a connection that is at its end.
const CLOSING: Duration = Duration::from_secs(1);

/// How long writes under way may take after the streams have gone.
pub(super) const LAST_WRITES: u64 = 5;

/// Where the server listens.
pub(super) struct Listeners {
    pub everybody: TcpListener,
    /// What shakes hands with everybody, where that is not a proxy's work.
    pub tls: Option<TlsAcceptor>,
    /// For metrics and documentation, which are nowhere else then.
    pub operators: Option<TcpListener>,
}

/// The web server, built without actix's `HttpServer`, which cannot be told what lies between a
/// socket and HTTP. HTTP/2 tells its clients to go elsewhere as soon as `leaving` is true.
pub(super) fn server(
    listeners: Listeners,
    services: &Data<Services>,
    built_in: bool,
    workers: usize,
    connections: usize,
    leaving: &watch::Receiver<bool>,
) -> io::Result<Server> {
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.div_ceil(workers))
        .disable_signals()
        .shutdown_timeout(LAST_WRITES);
    let part = |offered, tls| Part {
        offered,
        tls,
        services: services.clone(),
        stopping: builder.graceful_shutdown_signal(),
        leaving: leaving.clone(),
    };
    let apart = listeners.operators.is_some();
    let everybody = Offered { accounts: built_in, users: true, operators: !apart };
    let everybody = part(everybody, listeners.tls);
    let operators = part(Offered { accounts: built_in, users: false, operators: true }, None);
    let builder = listen(builder, "afterclick", listeners.everybody, everybody)?;
    let Some(listener) = listeners.operators else { return Ok(builder.run()) };
    Ok(listen(builder, "operators", listener, operators)?.run())
}

/// What one listener offers, and by what.
#[derive(Clone)]
struct Part {
    offered: Offered,
    tls: Option<TlsAcceptor>,
    services: Data<Services>,
    stopping: GracefulShutdownSignal,
    leaving: watch::Receiver<bool>,
}

fn listen(
    builder: ServerBuilder,
    name: &str,
    listener: TcpListener,
    part: Part,
) -> io::Result<ServerBuilder> {
    builder.listen(name, listener, move || {
        let part = part.clone();
        fn_factory(move || taker(part.clone()))
    })
}

/// What takes a listener's connections on one thread.
async fn taker(
    part: Part,
) -> Result<impl Service<TcpStream, Response = (), Error = DispatchError>, ()> {
    let Part { offered, tls, services, stopping, leaving } = part;
    let app = App::new()
        .app_data(services.clone())
        .wrap(CatchPanic::default())
        .wrap(from_fn(refuse))
        .wrap(cors(&services))
        .wrap(from_fn(around))
        .configure(|config| routes(config, offered))
        .into_factory()
        .map_err(|error: Error| error.error_response());
    let app = Rc::new(map_config(app, |()| AppConfig::default()).new_service(()).await?);
    let stopping = here(stopping);
    let http1 = http1(Rc::clone(&app), stopping.clone()).new_service(()).await?;
    if offered.users {
        rt::spawn(services.feed.wake_together());
    }
    let scratch = Scratch::default();
    let users = offered.users.then(|| services.clone());
    let app = Rc::new(Front { app, users });
    let taker = Rc::new(Taker { app, http1, tls, services, scratch, stopping, leaving });
    Ok(fn_service(move |socket: TcpStream| {
        let taker = Rc::clone(&taker);
        async move { taker.take(socket).await }
    }))
}

/// The signal for this thread's connections. All would wait for the server's own by the same few locks,
/// whatever their thread.
fn here(stopping: GracefulShutdownSignal) -> CancellationToken {
    let here = CancellationToken::new();
    let told = here.clone();
    rt::spawn(async move {
        stopping.notified().await;
        told.cancel();
    });
    here
}

/// What reads HTTP/1 from connections, and has `app` answer.
fn http1<S>(
    app: Rc<S>,
    stopping: CancellationToken,
) -> impl ServiceFactory<Begun, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    S: Service<Request, Response = ServiceResponse, Error = HttpResponse> + 'static,
{
    HttpService::build()
        .graceful_shutdown_signal(move || stopping.clone().cancelled_owned())
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(CLOSING)
        .keep_alive(IDLE)
        // A client that closed its half of a stream is gone; actix would hold the stream until
        // the second heartbeat, and a parked poll to its end.
        .h1_allow_half_closed(false)
        .on_connect_ext(|connection: &Paced, data| {
            data.insert(connection.turn());
        })
        .finish(fn_factory(move || ready(Ok::<_, ()>(Rc::clone(&app)))))
}
