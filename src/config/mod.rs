//! Every setting once, and what becomes of them: [`Settings`] as given, [`Config`] as checked.
//!
//! A wrong setting ends the process before it listens, with one line that names it
//! ([`ConfigError`]). Nothing below `app` names this module: each part is handed its own values.

mod addresses;
mod bus;
mod check;
mod database;
mod error;
mod files;
mod history;
mod limit;
mod machine;
mod mail;
mod secret;
mod settings;
mod smtp;
mod span;
mod tenant;
mod tls;

pub use addresses::{Origin, PublicUrl};
pub use bus::{Bus, Nats, NatsCredentials};
pub use database::{Database, PostgresUrl};
pub use error::ConfigError;
pub use history::{BadHistory, History};
pub use limit::{BadLimit, Limit};
pub use machine::Machine;
pub use mail::{Mail, Mailbox};
pub use secret::Secret;
pub use settings::{LogFormat, Settings, Switch};
pub use smtp::{Smtp, SmtpTls};
pub use span::{BadSpan, Span};
pub use tenant::tenant_setting;
pub use tls::TlsFiles;

use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// What the service runs with: every value parsed, and none that it would refuse.
///
/// Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 is any.
    pub listen: SocketAddr,
    /// Where operators listen beside it, if anywhere.
    pub admin_listen: Option<SocketAddr>,
    /// With what the service speaks TLS to everybody; `None` where a proxy does, or nobody.
    pub tls: Option<TlsFiles>,
    /// Where browsers reach us, and the base of every mailed link.
    pub public_url: PublicUrl,
    /// Where everything is kept.
    pub database: Database,
    /// How nodes tell each other of changes.
    pub bus: Bus,
    /// How mail leaves.
    pub mail: Mail,
    /// Whom mails come from.
    pub mail_from: Mailbox,
    /// Templates that replace ours.
    pub mail_templates: Option<PathBuf>,
    /// Whom people may ask.
    pub contact: Option<String>,
    /// Where the pages behind a link lead when all is done.
    pub continue_url: Option<Url>,
    /// What links, codes, and tokens are derived from.
    pub secret: Secret,
    /// Origins whose pages may call us with the user's cookie, beside our own.
    pub client_urls: Vec<Origin>,
    /// The TOML file of foreign issuers; it exists and no stranger may read it.
    pub issuers: Option<PathBuf>,
    /// The Ed25519 keys of access tokens, PKCS #8 in PEM, of which the first signs; they exist and no
    /// stranger may read them.
    pub signing_keys: Vec<PathBuf>,
    /// Whether sign-up, log-in, and sessions are offered.
    pub built_in_accounts: bool,
    /// Proxies whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks beside the public Internet that webhooks may be in.
    pub webhook_allow: Vec<IpNet>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Threads that serve requests.
    pub workers: usize,
    /// Streams open at once on this node; already bounded by the open-file limit.
    pub max_streams: usize,
    /// The open-file limit that bounded them.
    pub open_files: usize,
    /// Streams of one user on this node.
    pub streams_per_user: usize,
    /// Parked polls of one user on this node.
    pub polls_per_user: usize,
    /// Between two heartbeats of a quiet stream.
    pub heartbeat: Duration,
    /// No stream is older.
    pub max_stream_age: Duration,
    /// How long a stop takes.
    pub drain: Duration,
    /// How much is kept of each user to be resumed from.
    pub history: History,
    /// Log-ins for one address, and from one client.
    pub limit_log_in: Limit,
    /// Sign-ups from one client.
    pub limit_sign_up: Limit,
    /// Requests for a new password from one client.
    pub limit_password_reset: Limit,
    /// Whether the refusals about loopback are off.
    pub insecure_dev: bool,
}
