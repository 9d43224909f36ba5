use super::parts::Parts;
use super::post::Post;
use super::sending::Sending;
use super::tls::Tls;
use super::web::{self, LAST_WRITES, Listeners};
use super::{StartError, socket, upkeep};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::feed::{BusState, Feed};
use crate::http::client::Proxies;
use crate::http::stream::Pace;
use crate::http::{Answered, Dependency, Readiness, Services, Settings};
use crate::mail::Probe;
use crate::store::Store;
use crate::telemetry::Metrics;
use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the head of a request may take to arrive.
pub(super) const HEAD: Duration = Duration::from_secs(5);

/// Connections beyond the streams: requests under way, and those that wait for their next.
const BESIDE_STREAMS: usize = 1024;

/// How long those who have just connected may take to be accepted and to ask.
const LAST_ARRIVALS: Duration = Duration::from_millis(250);

/// A server that listens.
pub struct Server {
    /// Where it listens; with port 0 asked for, the port it got.
    pub address: SocketAddr,
    /// Where it listens for operators, if anywhere.
    pub operator_address: Option<SocketAddr>,
    /// The socket that takes everybody's connections, which the server itself holds too.
    door: Option<TcpListener>,
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
    feed: Arc<Feed>,
    drain: Duration,
    leaving: watch::Sender<bool>,
    mail: Sending,
    webhooks: Sending,
    background: Vec<JoinHandle<()>>,
}

/// Serves until a signal: the first drains, the second ends at once.
///
/// # Errors
///
/// [`StartError`] where it could not start.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Listen)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Listen)?;
    let server = Server::start(&config, Arc::new(SystemClock::default())).await?;
    tracing::info!(
        streams.max = config.max_streams,
        files.max = config.open_files,
        "at most {} streams at once, by --max-streams and an open-file limit of {}",
        config.max_streams,
        config.open_files,
    );
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let address = server.address;
    // Whoever started us may have closed standard output; we serve all the same.
    let _ = writeln!(std::io::stdout(), "afterclick is listening on {scheme}://{address}");
    let _ = std::io::stdout().flush();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining: a second signal ends at once");
    tokio::select! {
        () = server.stop() => tracing::info!("stopped"),
        _ = terminate.recv() => tracing::warn!("stopped at once"),
        _ = interrupt.recv() => tracing::warn!("stopped at once"),
    }
    Ok(())
}

impl Server {
    /// Builds the parts, binds, and serves in the background, deciding by `clock`. Needs a
    /// multi-threaded runtime.
    ///
    /// A PostgreSQL that does not answer is waited for in the background: until it does, what needs
    /// it is answered 503.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing is left behind.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let listener = socket::listen(config.listen).map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let door = Some(listener.try_clone().map_err(StartError::Listen)?);
        let operators =
            config.admin_listen.map(socket::listen).transpose().map_err(StartError::Listen)?;
        let operator_address = operators.as_ref().and_then(|socket| socket.local_addr().ok());
        let metrics = Metrics::start();
        let tls = config.tls.clone().map(Tls::read).transpose()?;
        let acceptor = tls.as_ref().map(Tls::acceptor).transpose()?;
        let post = Post::open(config)?;
        let parts = Parts::build(config, address, true, clock)?;
        let feed = Arc::clone(&parts.feed);
        // A tenant may keep more than is usual, and its wish is not known yet.
        parts.store.keep_all();
        let answers = parts.store.prepare().await;
        if let Err(error) = &answers {
            tracing::error!(error = ?error, "the database cannot be used yet, and is tried again every second");
        } else if feed.load().await.is_err() {
            tracing::warn!("who has logged out will be known when the database answers");
        }
        // Before anybody is served, so that nobody meets a tenant without its settings.
        if answers.is_ok() && parts.tenant_watch.look().await.is_err() {
            tracing::warn!("the tenants' settings will be known when the database answers");
        }
        let (worker, probe) = (post.worker(config, &parts), Probe::default());
        let (prepared, is_prepared) = watch::channel(answers.is_ok());
        let mail = Sending::begin(is_prepared.clone(), |stop| worker.run(stop));
        let messages = parts.webhooks(config);
        let webhooks = Sending::begin(is_prepared, |stop| messages.run(stop));

        let settings = settings(config, &parts);
        let (store, clock, run) = (parts.store.clone(), Arc::clone(&parts.clock), feed.clone());
        let tenants = parts.tenant_watch;
        let mut background = vec![tokio::spawn(async move {
            // One that does not answer is told of once, and not by everybody who needs it.
            if answers.is_err() {
                upkeep::prepare(&store).await;
                prepared.send_replace(true);
            }
            let measured = upkeep::measure(store.clone(), Arc::clone(&clock));
            let kept = async {
                tenants.begin().await;
                tokio::join!(tenants.keep(), upkeep::keep(store, clock));
            };
            tokio::join!(run.run(), kept, measured);
        })];
        background.push(tokio::spawn(probe.clone().run(post.transport())));
        let trust = parts.trust.keep(parts.seen, parts.tokens, Arc::clone(&feed));
        background.push(tokio::spawn(trust));
        background.extend(tls.map(|tls| tokio::spawn(tls.keep())));
        let built_in = config.built_in_accounts;
        let readiness = readiness(parts.store.clone(), Arc::clone(&feed), probe);
        let services = Data::new(Services {
            settings,
            accounts: parts.accounts,
            verification: parts.verification,
            publishing: parts.publishing,
            tenants: parts.tenants,
            feed: Arc::clone(&feed),
            inbox: post.inbox,
            readiness,
            answered: Answered::default(),
            metrics: Arc::new(move || metrics.text()),
        });
        let connections = config.max_streams.saturating_add(BESIDE_STREAMS);
        let listeners = Listeners { everybody: listener, tls: acceptor, operators };
        let (leaving, left) = watch::channel(false);
        let server =
            web::server(listeners, &services, built_in, config.workers, connections, &left)
                .map_err(StartError::Listen)?;
        if let Some(address) = operator_address {
            tracing::info!("metrics and documentation are on http://{address}");
        }
        let handle = server.handle();
        let running = tokio::spawn(server);
        Ok(Self {
            address,
            operator_address,
            door,
            handle,
            running,
            feed,
            drain: config.drain,
            leaving,
            mail,
            webhooks,
            background,
        })
    }

    /// Who listens here.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Drains: `/readyz` turns to 503, parked polls are answered, streams get their `goodbye` spread
    /// over the drain's time, who has just connected is answered, writes and mails under way end; then
    /// the server ends, and with it its hold on the database: another may be started on it as soon as
    /// this returns.
    pub async fn stop(mut self) {
        self.feed.drain(self.drain);
        self.leaving.send_replace(true);
        let left = async {
            while self.feed.open() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // Streams whose readers do not read are cut by the server's own end.
        let _ = tokio::time::timeout(self.drain + Duration::from_secs(1), left).await;
        if let Some(door) = self.door.take() {
            match socket::admit_no_more(&door) {
                Ok(()) => tokio::time::sleep(LAST_ARRIVALS).await,
                Err(error) => tracing::debug!(%error, "who connects in this instant is reset"),
            }
        }
        self.handle.stop(true).await;
        let _ = (&mut self.running).await;
        let last = Duration::from_secs(LAST_WRITES);
        tokio::join!(self.mail.end(last), self.webhooks.end(last));
        for task in &mut self.background {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
        for task in &self.background {
            task.abort();
        }
    }
}

fn settings(config: &Config, parts: &Parts) -> Settings {
    let client_urls = config.client_urls.iter().filter_map(|origin| origin.as_str().parse().ok());
    Settings {
        public_url: parts.public_url.clone(),
        client_urls: client_urls.collect(),
        proxies: Proxies(config.trusted_proxies.clone()),
        pace: Pace { heartbeat: config.heartbeat, max_age: config.max_stream_age },
        contact: config.contact.clone(),
        continue_url: config.continue_url.clone(),
    }
}

/// Asks each dependency how it is, without waiting for one that does not answer.
fn readiness(store: Store, feed: Arc<Feed>, mail: Probe) -> Readiness {
    Arc::new(move || {
        let (store, feed, mail) = (store.clone(), Arc::clone(&feed), mail.is_well());
        Box::pin(async move {
            let database = store.ping().await;
            let draining = feed.draining().is_some();
            let bus = feed.bus();
            let say = |good: bool, well: &str, ill: &str| {
                if good { well.to_owned() } else { ill.to_owned() }
            };
            vec![
                Dependency {
                    name: "process",
                    ready: !draining,
                    detail: say(!draining, "serving", "draining"),
                },
                Dependency {
                    name: "database",
                    ready: database.is_ok(),
                    detail: say(database.is_ok(), "answers", "does not answer"),
                },
                Dependency {
                    name: "bus",
                    ready: bus != BusState::Down,
                    detail: match bus {
                        BusState::Alone | BusState::Local => "local".to_owned(),
                        BusState::Up(nodes) => format!("connected, other nodes: {nodes}"),
                        BusState::Down => "does not answer".to_owned(),
                    },
                },
                Dependency {
                    name: "mail",
                    ready: mail,
                    detail: say(mail, "answers", "does not answer"),
                },
            ]
        })
    })
}
