use super::answered::Answered;
use super::client::Proxies;
use super::pages::InboxMail;
use super::stream::Pace;
use crate::accounts::Accounts;
use crate::feed::Feed;
use crate::model::{EmailAddress, TenantName, TenantSettings};
use crate::publishing::{KnownTenants, Publishing};
use crate::verification::Verification;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use url::Url;

/// What the handlers call, and what of the configuration they must know.
pub struct Services {
    /// Who asks, and who may.
    pub accounts: Accounts,
    /// Links and codes.
    pub verification: Verification,
    /// The backends' side.
    pub publishing: Publishing,
    /// The tenants' settings.
    pub tenants: Arc<KnownTenants>,
    /// Streams and polls.
    pub feed: Arc<Feed>,
    /// The development inbox, where there is one.
    pub inbox: Option<InboxReader>,
    /// Each dependency's state.
    pub readiness: Readiness,
    /// How many requests were answered.
    pub answered: Answered,
    /// The metrics' text.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// What else is set.
    pub settings: Settings,
}

impl Services {
    /// What is another for the tenant of the built-in accounts, and on pages that are nobody's.
    pub fn built_in(&self) -> Arc<TenantSettings> {
        self.tenants.of(&TenantName::built_in())
    }

    /// Where the pages behind a link of `tenant` lead when all is done.
    pub fn continue_url(&self, tenant: &TenantSettings) -> Option<Url> {
        let own = tenant.continue_url.as_deref().and_then(|url| url.parse().ok());
        own.or_else(|| self.settings.continue_url.clone())
    }
}

/// Reads the mails to an address, or all, newest first.
pub type InboxReader = Arc<dyn Fn(Option<&EmailAddress>) -> Vec<InboxMail> + Send + Sync>;

/// Asks each dependency how it is.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Vec<Dependency>> + Send + Sync>;

/// How a dependency is.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Dependency {
    /// Its name: `database`, `bus`, `mail`, or `process`.
    pub name: &'static str,
    /// Whether it does its work.
    pub ready: bool,
    /// What it says for itself.
    pub detail: String,
}

/// What of the configuration the handlers must know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers find us.
    pub public_url: Url,
    /// Other origins that may call us with cookies.
    pub client_urls: Vec<Url>,
    /// Whom to believe about a client's address.
    pub proxies: Proxies,
    /// How often a stream beats, and how long it lasts.
    pub pace: Pace,
    /// Whom people may ask.
    pub contact: Option<String>,
    /// Where the pages behind a link lead when all is done.
    pub continue_url: Option<Url>,
}
