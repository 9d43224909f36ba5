use super::ConfigError;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// The names under which a machine reaches itself; a browser takes each for another origin.
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Scheme, host, and port, spelled as a browser's `Origin` header does: `https://app.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where browsers reach the service: the base of every mailed link, never a request's `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
    given: bool,
}

impl PublicUrl {
    /// The URL of a service that listens on `bound`: what was said, else `http://` and the address
    /// with the port that it was given. It has no path.
    pub fn at(&self, bound: SocketAddr) -> Url {
        let mut url = self.url.clone();
        if !self.given {
            let _fails_only_without_a_host = url.set_port(Some(bound.port()));
        }
        url
    }

    /// The origins that are ourselves: the URL's own, and where that is loopback the other
    /// spellings of loopback on its port, since people type `localhost` for `127.0.0.1`.
    pub fn origins(&self, bound: SocketAddr) -> Vec<Origin> {
        let url = self.at(bound);
        let mut origins = vec![Origin::of(&url)];
        if is_loopback(&url) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            for host in LOOPBACK_HOSTS {
                let spelled = Origin(format!("{}://{host}{port}", url.scheme()));
                if !origins.contains(&spelled) {
                    origins.push(spelled);
                }
            }
        }
        origins
    }

    /// Whether browsers reach us over TLS, so that cookies are `Secure` and `__Host-`.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether only this machine reaches it.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    pub(super) fn check(
        given: Option<&str>,
        listen: SocketAddr,
        tls: bool,
        insecure_dev: bool,
    ) -> Result<Self, ConfigError> {
        let refuse = |message| Err(ConfigError::new("public-url", message));
        let Some(text) = given else {
            if !listen.ip().is_loopback() && !insecure_dev {
                return refuse(
                    "needed when listening on an address that others reach: write the \
                     https://… that browsers use",
                );
            }
            let address = SocketAddr::new(reachable(listen.ip()), listen.port());
            let scheme = if tls { "https" } else { "http" };
            let url = Url::parse(&format!("{scheme}://{address}"))
                .map_err(|error| ConfigError::new("public-url", error.to_string()))?;
            return Ok(Self { url, given: false });
        };
        let Some(url) = bare_url(text) else {
            return refuse(
                "write a scheme, a host, and at most a port: https://verify.example.com",
            );
        };
        if url.scheme() == "http" && !is_loopback(&url) && !insecure_dev {
            return refuse(
                "links and cookies would travel in the clear: write https://…, and have \
                 --tls-cert, or a proxy with a certificate in front (--insecure-dev overrides)",
            );
        }
        if url.scheme() == "http" && tls {
            return refuse("with --tls-cert nothing answers at http://…: write https://…");
        }
        Ok(Self { url, given: true })
    }
}

pub(super) fn client_urls(
    given: &[String],
    insecure_dev: bool,
) -> Result<Vec<Origin>, ConfigError> {
    let refuse = |message: String| Err(ConfigError::new("client-url", message));
    let mut origins = Vec::new();
    for text in given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let Some(url) = bare_url(text) else {
            return refuse(
                "write each as a browser's Origin header has it, without a wildcard or a path: \
                 https://app.example.com"
                    .to_owned(),
            );
        };
        let origin = Origin::of(&url);
        if origin.as_str() != text {
            return refuse(format!("an origin is compared letter by letter: write {origin}"));
        }
        if url.scheme() == "http" && !is_loopback(&url) && !insecure_dev {
            return refuse(
                "whoever is between such a page and its reader could act as the user: write \
                 https://… (--insecure-dev overrides)"
                    .to_owned(),
            );
        }
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

/// The application that a page leads back to.
pub(super) fn continue_url(
    given: Option<&str>,
    insecure_dev: bool,
) -> Result<Option<Url>, ConfigError> {
    let refuse = |message| Err(ConfigError::new("continue-url", message));
    let Some(text) = given.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(Some(url)),
        Ok(url) if url.scheme() == "http" && (insecure_dev || is_loopback(&url)) => Ok(Some(url)),
        Ok(url) if url.scheme() == "http" => refuse(
            "whoever is between could change the page: write https://… (--insecure-dev overrides)",
        ),
        _ => refuse("write the address of a page: https://app.example.com/welcome"),
    }
}

/// Networks whose clients are proxies, or that webhooks may be in: never all there is.
pub(super) fn networks(flag: &str, given: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    let texts = given.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let network = |text: &str| -> Result<IpNet, ConfigError> {
        let network =
            text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
                let message = "write networks as 10.0.0.0/8, and one address as 10.0.0.1";
                ConfigError::new(flag, message)
            })?;
        if network.prefix_len() == 0 {
            let message = match flag {
                "trusted-proxy" => {
                    "believing the headers of every address is believing every client's: name \
                     the network of the proxies"
                }
                _ => "that is every address there is: name the network of the receivers",
            };
            return Err(ConfigError::new(flag, message));
        }
        Ok(network)
    };
    texts.map(network).collect()
}

/// An `http` or `https` URL that holds nothing but scheme, host, and port.
fn bare_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let wild = url.host_str()?.contains('*');
    (web && bare && anonymous && !wild).then_some(url)
}

/// Whether the host of `url` is this machine by any of its names (RFC 6761 §6.3 for `localhost`).
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => is_loopback_name(name),
        None => false,
    }
}

/// For URLs of schemes whose hosts the URL standard leaves as they are written (`nats:`).
pub(super) fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An address by which a listener on `ip` is reached from this machine.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound() -> SocketAddr {
        "127.0.0.1:4321".parse().unwrap()
    }

    #[test]
    fn a_service_on_any_port_calls_itself_by_the_one_it_was_given() {
        let listen = "127.0.0.1:0".parse().unwrap();
        let url = PublicUrl::check(None, listen, false, false).unwrap();

        assert_eq!(url.at(bound()).as_str(), "http://127.0.0.1:4321/");
        let origins: Vec<_> = url.origins(bound()).iter().map(ToString::to_string).collect();
        assert_eq!(
            origins,
            ["http://127.0.0.1:4321", "http://localhost:4321", "http://[::1]:4321"]
        );
    }

    #[test]
    fn a_service_that_speaks_tls_calls_itself_https() {
        let url = PublicUrl::check(None, bound(), true, false).unwrap();

        assert!(url.is_https());
        assert_eq!(url.at(bound()).as_str(), "https://127.0.0.1:4321/");
        assert!(PublicUrl::check(Some("http://127.0.0.1:4321"), bound(), true, true).is_err());
    }

    #[test]
    fn a_public_url_is_the_only_origin_of_a_service_behind_a_proxy() {
        let given = Some("https://verify.example.com");
        let url = PublicUrl::check(given, bound(), false, false).unwrap();

        assert!(url.is_https());
        assert_eq!(url.at(bound()).as_str(), "https://verify.example.com/");
        assert_eq!(url.origins(bound()), [Origin("https://verify.example.com".to_owned())]);
    }

    #[test]
    fn loopback_is_known_by_all_its_names() {
        for text in ["http://localhost", "http://a.localhost", "http://127.9.9.9", "http://[::1]"] {
            assert!(is_loopback(&Url::parse(text).unwrap()), "{text}");
        }
        for text in ["http://localhost.example.com", "http://10.0.0.1", "http://[::2]"] {
            assert!(!is_loopback(&Url::parse(text).unwrap()), "{text}");
        }
    }
}
