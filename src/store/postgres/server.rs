use super::queries;
use super::tls::{self, Trust};
use crate::bugs::{Bug, seeded};
use crate::model::Micros;
use crate::store::{BadServer, OpenError, Reference};
use diesel::result::{ConnectionError, ConnectionResult, Error as QueryError};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one of the hosts that are named may take to be reached.
const REACH: Duration = Duration::from_millis(1_500);

/// A connection that is silent for so long is asked whether it is still there, and one whose data
/// is not acknowledged for so long is dead.
const SILENCE: Duration = Duration::from_secs(10);

/// Where the database is, and how to speak to it.
pub(super) struct Server {
    config: Config,
    tls: MakeRustlsConnect,
}

/// What every new connection learns, and what is told of it.
pub(super) struct Meeting {
    server: Arc<Server>,
    /// The database's part of every user's epoch, as the last connection found it.
    pub epoch: Arc<RwLock<Arc<str>>>,
    reference: Reference,
    failing: AtomicBool,
}

#[derive(diesel::QueryableByName)]
struct Greeting {
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Text)]
    timeline: String,
}

#[derive(diesel::QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl FromStr for Server {
    type Err = BadServer;

    /// Takes what PostgreSQL's own library takes of TLS out of the URL; the rest is the driver's.
    fn from_str(url: &str) -> Result<Self, BadServer> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(decoded(value)),
                _ => rest.push(pair),
            }
        }
        // `system` is libpq's word for the machine's authorities.
        let authorities = authorities.filter(|file| file != "system");
        let (ssl, trust) = match (mode, &authorities) {
            (Some("disable"), _) => (SslMode::Disable, Trust::Anybody),
            (None | Some("prefer"), None) => (SslMode::Prefer, Trust::Anybody),
            (Some("require"), None) => (SslMode::Require, Trust::Anybody),
            (None | Some("prefer" | "require" | "verify-ca"), _) => {
                (SslMode::Require, Trust::Vouched)
            }
            (Some("verify-full"), _) => (SslMode::Require, Trust::Named),
            (Some(_), _) => {
                let message = "sslmode is disable, prefer, require, verify-ca, or verify-full";
                return Err(BadServer(message.to_owned()));
            }
        };
        let tls = tls::client(trust, authorities.as_deref().map(Path::new)).map_err(BadServer)?;
        let rest = rest.join("&");
        let mark = if rest.is_empty() { "" } else { "?" };
        let config = Config::from_str(&format!("{base}{mark}{rest}"));
        let mut config = config.map_err(|error| BadServer(causes(&error)))?;
        config.ssl_mode(ssl).keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(REACH);
        }
        if config.get_application_name().is_none() {
            config.application_name("afterclick");
        }
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }
}

impl Server {
    /// A connection to the primary, and which history it is on.
    async fn greet(&self) -> Result<(AsyncPgConnection, String), OpenError> {
        let unreachable =
            |error: &dyn std::error::Error| OpenError::Unreachable(causes(error).into());
        let (client, connection) =
            self.config.connect(self.tls.clone()).await.map_err(|error| unreachable(&error))?;
        let connection =
            AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let mut connection = connection.map_err(|error| unreachable(&error))?;
        // A standby has no log position of its own to write at.
        let greeting = "SELECT standby, CASE WHEN standby THEN '' \
            ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline \
            FROM (SELECT pg_is_in_recovery() AS standby) AS server";
        let greeting: Greeting = diesel::sql_query(greeting)
            .get_result(&mut connection)
            .await
            .map_err(|error| unreachable(&error))?;
        if greeting.standby { Err(OpenError::Standby) } else { Ok((connection, greeting.timeline)) }
    }

    /// A connection for migrations, which may find no tables yet.
    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, OpenError> {
        self.greet().await.map(|(connection, _)| connection)
    }
}

impl Meeting {
    pub(super) fn new(server: Arc<Server>, reference: Reference) -> Self {
        let epoch = Arc::new(RwLock::new(Arc::from("")));
        Self { server, epoch, reference, failing: AtomicBool::new(false) }
    }

    /// A connection for the pool. A promoted standby is met by a new one, so that each reads which
    /// history the server is on, and what time it has.
    pub(super) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let met = self.meet().await;
        match &met {
            // Before the first, whoever starts tells of a server that is away.
            Err(error) if self.has_met() && !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::warn!(error = causes(error), "no connection to the database can be made");
            }
            Ok(_) if self.failing.swap(false, Ordering::Relaxed) => {
                tracing::info!("connections to the database can be made again");
            }
            _ => {}
        }
        met.map_err(|error| ConnectionError::BadConnection(causes(&error)))
    }

    /// Whether there ever was a connection.
    fn has_met(&self) -> bool {
        !self.epoch.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    async fn meet(&self) -> Result<AsyncPgConnection, OpenError> {
        let (mut connection, timeline) = self.server.greet().await?;
        let prepare = |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Prepare(error);
        let own =
            queries::meta::epoch(&mut connection).await.map_err(|error| prepare(error.into()))?;
        let own = if seeded(Bug::WrongEpoch) { std::process::id().to_string() } else { own };
        (self.reference)(now(&mut connection).await.map_err(|error| prepare(error.into()))?);
        *self.epoch.write().unwrap_or_else(PoisonError::into_inner) =
            format!("{own}/{timeline}").into();
        Ok(connection)
    }
}

/// What time the database has. Half of how long the answer took has passed since.
pub(super) async fn now(connection: &mut AsyncPgConnection) -> Result<Micros, QueryError> {
    let asked = Instant::now();
    let query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT AS micros";
    let now: Now = diesel::sql_query(query).get_result(connection).await?;
    Ok(Micros(now.micros).after(asked.elapsed() / 2))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An error and its causes in one line: the driver tells the reason only in the last of them.
fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
