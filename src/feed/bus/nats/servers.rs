use crate::clock::random_between;
use async_nats::{ConnectOptions, Event};
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Messages that may wait to be heard; beyond it they are dropped, and everybody is looked after.
pub(super) const CAPACITY: usize = 4096;

/// Between two pings on a quiet connection. One that is dead takes three of them to be noticed.
const PING: Duration = Duration::from_secs(3);

/// How long one try to connect may take.
const CONNECT: Duration = Duration::from_secs(3);

/// The longest pause between two tries, in milliseconds.
const MAX_PAUSE: u64 = 2_000;

/// Where NATS is, and as whom to connect.
#[derive(Debug, Clone)]
pub struct NatsServers {
    /// `nats://HOST:PORT` or `tls://HOST:PORT` each, without credentials.
    pub urls: Vec<String>,
    /// Who we are.
    pub credentials: NatsCredentials,
    /// A PEM file of the authorities to trust instead of the machine's.
    pub ca: Option<PathBuf>,
}

/// Who connects to NATS.
#[derive(Debug, Clone)]
pub enum NatsCredentials {
    /// Anybody.
    None,
    /// A token.
    Token(SecretString),
    /// A user and its password.
    Password(String, SecretString),
    /// A file with a JWT and the seed that signs for it.
    File(PathBuf),
}

impl NatsServers {
    /// How to connect: again and again without an end, at random moments, so that the nodes of a
    /// server that comes back do not all ask in the same instant.
    pub(super) async fn options(
        &self,
        tell: impl Fn(Event) + Clone + Send + Sync + 'static,
    ) -> io::Result<ConnectOptions> {
        let options = ConnectOptions::new()
            .name("afterclick")
            .retry_on_initial_connect()
            .connection_timeout(CONNECT)
            .ping_interval(PING)
            .subscription_capacity(CAPACITY)
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                tell(event);
                std::future::ready(())
            });
        let options = match &self.ca {
            Some(file) => options.add_root_certificates(file.clone()),
            None => options,
        };
        Ok(match &self.credentials {
            NatsCredentials::None => options,
            NatsCredentials::Token(token) => options.token(token.expose_secret().to_owned()),
            NatsCredentials::Password(user, password) => {
                options.user_and_password(user.clone(), password.expose_secret().to_owned())
            }
            NatsCredentials::File(path) => options.credentials_file(path).await?,
        })
    }
}

/// Exponential with full jitter, and at once the first time.
fn pause(attempts: usize) -> Duration {
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(8);
    Duration::from_millis(random_between(10, (10_u64 << doublings).min(MAX_PAUSE)))
}
