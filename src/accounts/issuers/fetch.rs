use crate::model::is_public;
use futures_util::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CACHE_CONTROL;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Enough for any key set.
const MAX_BYTES: usize = 256 * 1024;

/// How long a fetch may take, from its name's look-up to its last byte.
const DEADLINE: Duration = Duration::from_secs(5);

/// A URL that keys are not fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Whoever is between could put a key of theirs in.
    #[error("is not https")]
    NotHttps,
    /// It holds a name or a password, or no host.
    #[error("is not a plain https://HOST/PATH")]
    NotPlain,
    /// Its host is an address of this machine or network.
    #[error("is a private address: allow it with private = true")]
    Private,
    /// The system has no certificates to trust, most likely.
    #[error("cannot be fetched from here, as TLS cannot be set up")]
    Tls,
}

/// Why keys were not had this time.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No connection, or it broke, or took too long.
    #[error("{0}")]
    Transport(String),
    /// Also a redirect, which is followed nowhere: the keys are those of the URL that was set.
    #[error("the answer is {0}, and not 200")]
    Status(u16),
    /// No key set is so large.
    #[error("the answer is larger than 256 KiB")]
    TooLarge,
}

/// What was fetched.
pub(super) struct Fetched {
    pub body: Vec<u8>,
    /// How long it may be kept, as its `Cache-Control` says.
    pub max_age: Option<Duration>,
}

/// Fetches one URL, and nothing that it leads to.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    url: Url,
}

impl Fetcher {
    /// `private` allows addresses of this machine and its networks; `insecure_dev` those of this
    /// machine, also without TLS.
    pub fn new(url: Url, private: bool, insecure_dev: bool) -> Result<Self, BadUrl> {
        let host = url.host().ok_or(BadUrl::NotPlain)?;
        let loopback = insecure_dev && is_loopback(&host);
        if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
            return Err(BadUrl::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::NotPlain);
        }
        let anywhere = private || loopback;
        // An address in the URL is never looked up, so the resolver would not see it.
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        if literal.is_some_and(|address| !anywhere && !is_public(address)) {
            return Err(BadUrl::Private);
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(DEADLINE)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Names { anywhere }))
            .build()
            .map_err(|_| BadUrl::Tls)?;
        Ok(Self { client, url })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub async fn fetch(&self) -> Result<Fetched, FetchError> {
        let response =
            self.client.get(self.url.clone()).send().await.map_err(|error| broken(&error))?;
        if response.status() != 200 {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let max_age = max_age(&response);
        let mut chunks = response.bytes_stream();
        let mut body = Vec::new();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|error| broken(&error))?);
            if body.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
        }
        Ok(Fetched { body, max_age })
    }
}

/// The innermost reason; the outer ones repeat the URL.
fn broken(error: &reqwest::Error) -> FetchError {
    let mut inner: &dyn Error = error;
    while let Some(cause) = inner.source() {
        inner = cause;
    }
    FetchError::Transport(inner.to_string())
}

fn max_age(response: &Response) -> Option<Duration> {
    let values = response.headers().get_all(CACHE_CONTROL).iter();
    let mut directives =
        values.filter_map(|value| value.to_str().ok()).flat_map(|one| one.split(','));
    directives.find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| Duration::from_secs(seconds))
    })
}

/// Looks names up, and finds no private addresses unless it may: whoever answers for a name could
/// lead us into our own network with it.
struct Names {
    anywhere: bool,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = self.anywhere;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| anywhere || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
