use super::StartError;
use super::history::StoredHistory;
use super::messages::StoredMessages;
use super::tenants::TenantWatch;
use super::trust::Trust;
use super::watched::Seen;
use crate::accounts::passwords::Passwords;
use crate::accounts::tokens::Tokens;
use crate::accounts::{Accounts, Rules};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Database, Limit};
use crate::feed::{Bus, Feed, Limits, LocalBus, NatsBus, NatsCredentials, NatsServers};
use crate::model::{Effect, ServerSecret};
use crate::publishing::{KnownTenants, Publishing};
use crate::store::{Hook, Kept, Store};
use crate::verification::Verification;
use crate::webhooks::{Reach, Sender, Worker};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use url::Url;

/// Passwords that may wait to be hashed: some 5 s of work for two cores.
const HASHES_WAITING: usize = 400;

/// Everything below HTTP, put together.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Who asks, and who may.
    pub accounts: Accounts,
    /// Links and codes.
    pub verification: Verification,
    /// The backends' side.
    pub publishing: Publishing,
    /// Whose access tokens are believed.
    pub(super) tokens: Arc<Tokens>,
    /// What says so.
    pub(super) trust: Trust,
    /// The files that were read for it.
    pub(super) seen: Seen,
    /// The tenants' settings.
    pub(super) tenants: Arc<KnownTenants>,
    /// What keeps them up to date.
    pub(super) tenant_watch: TenantWatch,
    /// Streams and polls.
    pub feed: Arc<Feed>,
    /// The installation's secret.
    pub secret: ServerSecret,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Told after each commit that queued a letter.
    pub letters: Arc<Notify>,
    /// Told after each commit that queued a message for a webhook.
    pub messages: Arc<Notify>,
    /// Where browsers find us.
    pub public_url: Url,
}

impl Parts {
    /// Opens the database for a command, beside a server that may be running on it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; the database must answer.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let clock = Arc::new(SystemClock::default());
        let parts = Self::build(config, config.listen, false, clock)?;
        parts.store.prepare().await?;
        Ok(parts)
    }

    /// Puts the parts together for a service that listens on `bound`. `serving` takes an SQLite
    /// file for this process alone. PostgreSQL is not waited for: see [`Store::prepare`].
    pub(super) fn build(
        config: &Config,
        bound: SocketAddr,
        serving: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let secret = config.secret.load()?;
        let public_url = config.public_url.at(bound);
        let iss = public_url.as_str().trim_end_matches('/').to_owned();
        let trust = Trust::new(config, iss, secret.clone());
        let (own, issuers, seen) = trust.read()?;
        let tokens = Arc::new(Tokens::new(own, issuers));

        let followed = Arc::clone(&clock);
        let letters = Arc::new(Notify::new());
        let listening = Arc::new(OnceLock::new());
        let messages = Arc::new(Notify::new());
        let hook = hook(Arc::clone(&listening), Arc::clone(&letters), Arc::clone(&messages));
        let kept = Kept { changes: i64::from(config.history.changes), age: config.history.age };
        let store = match &config.database {
            Database::Sqlite(path) => Store::sqlite(path, config.workers, serving, kept, hook)?,
            Database::Postgres(url) => {
                let follow = Arc::new(move |now| followed.follow(now));
                Store::postgres(url.reveal(), kept, hook, follow)?
            }
        };
        let limits = Limits {
            streams_per_user: config.streams_per_user,
            polls_per_user: config.polls_per_user,
            connections: config.max_streams,
        };
        let history = Arc::new(StoredHistory(store.clone()));
        let feed = Feed::new(history, bus(config, serving, &secret), Arc::clone(&clock), limits);
        // Nobody commits before the parts are together.
        let _ = listening.set(Arc::downgrade(&feed));

        let tenants = Arc::<KnownTenants>::default();
        let tenant_watch = TenantWatch {
            store: store.clone(),
            feed: Arc::clone(&feed),
            known: Arc::clone(&tenants),
            kept,
            limits,
        };
        let passwords = Passwords::new(config.workers, HASHES_WAITING);
        let rules = Rules {
            log_in: limit(config.limit_log_in),
            sign_up: limit(config.limit_sign_up),
            password_reset: limit(config.limit_password_reset),
        };
        Ok(Self {
            accounts: Accounts::new(
                store.clone(),
                Arc::clone(&feed),
                Arc::clone(&tokens),
                passwords.clone(),
                secret.clone(),
                Arc::clone(&clock),
                rules,
            ),
            verification: Verification::new(
                store.clone(),
                passwords,
                secret.clone(),
                Arc::clone(&clock),
            ),
            publishing: Publishing::new(
                store.clone(),
                Arc::clone(&feed),
                secret.clone(),
                Reach::beside(config.webhook_allow.clone()),
                Arc::clone(&clock),
            ),
            store,
            tokens,
            tenants,
            tenant_watch,
            trust,
            seen,
            feed,
            secret,
            clock,
            letters,
            messages,
            public_url,
        })
    }
}

impl Parts {
    /// What sends the queue of messages to webhooks.
    pub(super) fn webhooks(&self, config: &Config) -> Worker {
        Worker::new(
            Arc::new(StoredMessages(self.store.clone())),
            Sender::new(Reach::beside(config.webhook_allow.clone())),
            self.secret.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.messages),
        )
    }
}

/// Hands what was committed to whom it concerns: the one place where commits are heard of.
///
/// It does not keep the feed alive: the feed reads from the database whose writer holds this, and
/// neither would ever end.
fn hook(feed: Arc<OnceLock<Weak<Feed>>>, letters: Arc<Notify>, messages: Arc<Notify>) -> Hook {
    Arc::new(move |effects| {
        let feed = feed.get().and_then(Weak::upgrade);
        for effect in effects {
            match (effect, &feed) {
                (Effect::Changed(user, change), Some(feed)) => feed.changed(&user, change),
                (Effect::Ended(ending), Some(feed)) => feed.ended(&ending),
                (Effect::Queued, _) => letters.notify_one(),
                (Effect::MessageQueued, _) => messages.notify_one(),
                (_, None) => {}
            }
        }
    })
}

/// What a service tells other nodes by. A command beside it tells nobody: the database does.
fn bus(config: &Config, serving: bool, secret: &ServerSecret) -> Arc<dyn Bus> {
    let others = matches!(config.database, Database::Postgres(_));
    let config::Bus::Nats(nats) = &config.bus else { return Arc::new(LocalBus { others }) };
    if !serving {
        return Arc::new(LocalBus { others });
    }
    let credentials = match nats.credentials.clone() {
        config::NatsCredentials::None => NatsCredentials::None,
        config::NatsCredentials::Token(token) => NatsCredentials::Token(token),
        config::NatsCredentials::Password(user, password) => {
            NatsCredentials::Password(user, password)
        }
        config::NatsCredentials::File(path) => NatsCredentials::File(path),
    };
    let servers = NatsServers { urls: nats.servers.clone(), credentials, ca: nats.ca.clone() };
    Arc::new(NatsBus::new(servers, secret.clone()))
}

fn limit(limit: Limit) -> Option<(u32, Duration)> {
    match limit {
        Limit::Off => None,
        Limit::AtMost { count, per } => Some((count, per)),
    }
}
