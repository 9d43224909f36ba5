use super::{History, Limit, Span};
use clap::{Args, Command, FromArgMatches, ValueEnum};
use secrecy::SecretString;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Every setting once: flag, variable, default, and unit, as they were given.
///
/// Checked and put in order they are a [`Config`](super::Config). What may hold a secret is never
/// parsed here, since clap repeats a value that does not parse.
#[derive(Debug, Clone, Args)]
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help, not Markdown")]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Address and port to listen on. Port 0 takes any free one.
    #[arg(long, global = true, value_name = "ADDRESS", env = "AFTERCLICK_LISTEN")]
    #[arg(hide_env_values = true, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Serve /metrics, /docs, and the health checks here too, and the first two nowhere else.
    /// [default: all on the one address]
    #[arg(long, global = true, value_name = "ADDRESS", env = "AFTERCLICK_ADMIN_LISTEN")]
    #[arg(hide_env_values = true)]
    pub admin_listen: Option<SocketAddr>,

    /// Speak TLS to everybody, with the certificate in this file and those that vouch for it (PEM, the
    /// service's own first). It and its key are read again when they change, and upon SIGHUP.
    /// [default: none, TLS is a proxy's]
    #[arg(long, global = true, value_name = "FILE", env = "AFTERCLICK_TLS_CERT")]
    #[arg(hide_env_values = true)]
    pub tls_cert: Option<PathBuf>,

    /// The key of the certificate (PEM).
    #[arg(long, global = true, value_name = "FILE", env = "AFTERCLICK_TLS_KEY")]
    #[arg(hide_env_values = true)]
    pub tls_key: Option<PathBuf>,

    /// Where browsers reach the service; the base of every mailed link. Must be https unless its
    /// host is this machine. [default: http://, or https:// with --tls-cert, and the address]
    #[arg(long, global = true, value_name = "URL", env = "AFTERCLICK_PUBLIC_URL")]
    #[arg(hide_env_values = true)]
    pub public_url: Option<String>,

    /// Where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME.
    #[arg(long, global = true, value_name = "URL", env = "AFTERCLICK_DATABASE_URL")]
    #[arg(hide_env_values = true, default_value = "sqlite:afterclick-data/afterclick.db")]
    pub database: SecretString,

    /// How nodes tell each other of changes: local (one node, or several that look into the database
    /// every second), or nats://TOKEN@HOST:PORT, nats://USER:PASSWORD@HOST:PORT,HOST:PORT, and tls://…
    /// ?credentials=FILE is a NATS credentials file, and ?ca=FILE trusts the authorities of a PEM file
    /// instead of the machine's.
    #[arg(long, global = true, value_name = "URL", env = "AFTERCLICK_BUS_URL")]
    #[arg(hide_env_values = true, default_value = "local")]
    pub bus: SecretString,

    /// How mail leaves: inbox (kept and shown at /dev/inbox), dir:PATH (one .eml file each), or
    /// smtp://USER:PASSWORD@HOST:PORT (STARTTLS, unless ?tls=none is added) and smtps://… (TLS from
    /// the start). ?ca=FILE trusts the certificates of a PEM file instead of the public ones.
    #[arg(long, global = true, value_name = "URL", env = "AFTERCLICK_MAIL_URL")]
    #[arg(hide_env_values = true, default_value = "inbox")]
    pub mail: SecretString,

    /// Whom mails come from.
    #[arg(long, global = true, value_name = "MAILBOX", env = "AFTERCLICK_MAIL_FROM")]
    #[arg(hide_env_values = true, default_value = "Afterclick <no-reply@localhost>")]
    pub mail_from: String,

    /// A folder of mail templates that replace ours, such as en/verify.html, or add a language.
    #[arg(long, global = true, value_name = "DIR", env = "AFTERCLICK_MAIL_TEMPLATES")]
    #[arg(hide_env_values = true)]
    pub mail_templates: Option<PathBuf>,

    /// Whom people may ask: an address for mails and pages. [default: none is shown]
    #[arg(long, global = true, value_name = "ADDRESS", env = "AFTERCLICK_CONTACT")]
    #[arg(hide_env_values = true)]
    pub contact: Option<String>,

    /// Where the pages behind a mailed link lead when all is done: your application.
    /// [default: nowhere]
    #[arg(long, global = true, value_name = "URL", env = "AFTERCLICK_CONTINUE_URL")]
    #[arg(hide_env_values = true)]
    pub continue_url: Option<String>,

    /// What links, codes, and tokens are derived from: 32 bytes or more, the same on every node.
    /// Better given by its variable than by the flag, which other users of the machine can see.
    /// [default: made and kept beside an SQLite database]
    #[arg(long, global = true, value_name = "TEXT", env = "AFTERCLICK_SECRET")]
    #[arg(hide_env_values = true)]
    pub secret: Option<SecretString>,

    /// An origin (scheme, host, and port) whose pages may call the service with the user's cookie.
    /// Repeatable; commas in the variable. [default: the service's own only]
    #[arg(
        long = "client-url",
        global = true,
        value_name = "ORIGIN",
        env = "AFTERCLICK_CLIENT_URL"
    )]
    #[arg(hide_env_values = true, value_delimiter = ',')]
    pub client_urls: Vec<String>,

    /// Whose access tokens count beside our own: a TOML file, a table each. It and the key files that
    /// it names are read again when they change, and upon SIGHUP.
    #[arg(long, global = true, value_name = "FILE", env = "AFTERCLICK_ISSUERS")]
    #[arg(hide_env_values = true)]
    pub issuers: Option<PathBuf>,

    /// Sign access tokens with this Ed25519 key (PKCS #8, PEM) instead of a shared secret. Repeatable,
    /// with commas in the variable: the first signs, and tokens by the others count too.
    #[arg(
        long = "signing-key",
        global = true,
        value_name = "FILE",
        env = "AFTERCLICK_SIGNING_KEY"
    )]
    #[arg(hide_env_values = true, value_delimiter = ',')]
    pub signing_keys: Vec<PathBuf>,

    /// The built-in accounts: sign-up, log-in, and sessions. Off where another system owns them.
    #[arg(long, global = true, value_name = "SWITCH", env = "AFTERCLICK_ACCOUNTS")]
    #[arg(hide_env_values = true, default_value = "on")]
    pub accounts: Switch,

    /// Networks of the proxies in front, whose X-Forwarded-* are believed; the client is the
    /// rightmost address outside of them. [default: none, the headers are ignored]
    #[arg(long = "trusted-proxy", global = true, value_name = "CIDR,…")]
    #[arg(env = "AFTERCLICK_TRUSTED_PROXY", hide_env_values = true, value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,

    /// Networks beside the public Internet that webhooks may be in; https is needed unless the
    /// address is a loopback one. [default: none]
    #[arg(long, global = true, value_name = "CIDR,…", env = "AFTERCLICK_WEBHOOK_ALLOW")]
    #[arg(hide_env_values = true, value_delimiter = ',')]
    pub webhook_allow: Vec<String>,

    /// How logs are written to standard error. RUST_LOG chooses which.
    /// [default: pretty on a terminal, json elsewhere]
    #[arg(long, global = true, value_name = "FORMAT", env = "AFTERCLICK_LOG_FORMAT")]
    #[arg(hide_env_values = true)]
    pub log_format: Option<LogFormat>,

    /// Threads that serve requests. [default: one a core]
    #[arg(long, global = true, value_name = "COUNT", env = "AFTERCLICK_WORKERS")]
    #[arg(hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Streams open at once on this node; at most the open-file limit less 256.
    #[arg(long, global = true, value_name = "COUNT", env = "AFTERCLICK_MAX_STREAMS")]
    #[arg(hide_env_values = true, default_value = "100000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: u32,

    /// Streams of one user on this node; one more ends the oldest.
    #[arg(long, global = true, value_name = "COUNT", env = "AFTERCLICK_STREAMS_PER_USER")]
    #[arg(hide_env_values = true, default_value = "20")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub streams_per_user: u32,

    /// Polls of one user that wait on this node at once; one more is answered 429.
    #[arg(long, global = true, value_name = "COUNT", env = "AFTERCLICK_POLLS_PER_USER")]
    #[arg(hide_env_values = true, default_value = "20")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub polls_per_user: u32,

    /// Time between two heartbeats of a quiet stream, 30s at most.
    #[arg(long, global = true, value_name = "SPAN", env = "AFTERCLICK_HEARTBEAT")]
    #[arg(hide_env_values = true, default_value = "15s")]
    pub heartbeat: Span,

    /// Every stream ends, to be opened anew, at a random 80 to 100 % of this age.
    #[arg(long, global = true, value_name = "SPAN", env = "AFTERCLICK_MAX_STREAM_AGE")]
    #[arg(hide_env_values = true, default_value = "1h")]
    pub max_stream_age: Span,

    /// How long a stop takes: streams are sent away spread over it.
    #[arg(long, global = true, value_name = "SPAN", env = "AFTERCLICK_DRAIN")]
    #[arg(hide_env_values = true, default_value = "10s")]
    pub drain: Span,

    /// Changes kept of each user to be resumed from, and for how long: COUNT/SPAN, or one of the two.
    #[arg(long, global = true, value_name = "HISTORY", env = "AFTERCLICK_HISTORY")]
    #[arg(hide_env_values = true, default_value = "100/7d")]
    pub history: History,

    /// Log-ins tried for one address of mail, and from one client: COUNT/SPAN, or off.
    #[arg(long, global = true, value_name = "LIMIT", env = "AFTERCLICK_LIMIT_LOG_IN")]
    #[arg(hide_env_values = true, default_value = "10/m")]
    pub limit_log_in: Limit,

    /// Sign-ups from one client: COUNT/SPAN, or off.
    #[arg(long, global = true, value_name = "LIMIT", env = "AFTERCLICK_LIMIT_SIGN_UP")]
    #[arg(hide_env_values = true, default_value = "20/h")]
    pub limit_sign_up: Limit,

    /// Requests for a new password from one client: COUNT/SPAN, or off.
    #[arg(long, global = true, value_name = "LIMIT", env = "AFTERCLICK_LIMIT_PASSWORD_RESET")]
    #[arg(hide_env_values = true, default_value = "20/h")]
    pub limit_password_reset: Limit,

    /// Start even where only a developer on this machine would be safe: with the inbox or an http
    /// public URL on an address that others reach.
    #[arg(long, global = true, env = "AFTERCLICK_INSECURE_DEV", hide_env_values = true)]
    #[arg(value_parser = clap::builder::BoolishValueParser::new())]
    pub insecure_dev: bool,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// In use.
    On,
    /// Not offered.
    Off,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Reads `arguments`, without a program's name, over the environment and the defaults.
    ///
    /// # Errors
    ///
    /// Clap's own, which prints itself.
    pub fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> clap::error::Result<Self> {
        let command = Self::augment_args(Command::new("afterclick").no_binary_name(true));
        let arguments = arguments.into_iter().map(Into::<OsString>::into);
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }
}
