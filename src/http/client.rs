//! Where a request comes from, as far as anybody can be believed.

use super::pages::device;
use crate::accounts::Client;
use crate::model::Languages;
use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header::{ACCEPT_LANGUAGE, AsHeaderName, USER_AGENT};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// The proxies whose `X-Forwarded-For` counts.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<IpNet>);

impl Proxies {
    /// The client's address: the peer's, or where the peer is a trusted proxy, the rightmost
    /// address of `X-Forwarded-For` that is not one. What stands left of it anybody may have
    /// written.
    pub fn client(&self, head: &RequestHead) -> Option<IpAddr> {
        let mut client = plain(head.peer_addr?.ip());
        // Most come by no proxy, and what they claim need not be read.
        if !self.trusts(client) {
            return Some(client);
        }
        let forwarded =
            head.headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let mut hops: Vec<&str> =
            forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        while self.trusts(client)
            && let Some(hop) = hops.pop()
        {
            let Ok(next) = hop.parse::<IpAddr>() else { break };
            client = plain(next);
        }
        Some(client)
    }

    /// What a request tells of the device it comes from.
    pub(super) fn describe(&self, request: &HttpRequest) -> Client {
        Client {
            network: network(self.client(request.head())),
            device: device(text(request, USER_AGENT)),
            languages: languages(request),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// What the user of a request's browser reads.
pub(super) fn languages(request: &HttpRequest) -> Languages {
    Languages::presented(text(request, ACCEPT_LANGUAGE))
}

fn text(request: &HttpRequest, name: impl AsHeaderName) -> Option<&str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// What limits count a client by: an IPv4 address, or an IPv6 network of /64, which is what one
/// household gets.
pub fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let kept = u128::from(address) & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from(kept))
        }
        None => "unknown".to_owned(),
    }
}

/// An IPv4 address that came mapped into IPv6 is that address.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    #[rstest]
    #[case::nobody_is_trusted("203.0.113.9:1", &["198.51.100.1"], &[], "203.0.113.9")]
    #[case::one_proxy("10.0.0.1:1", &["198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1")]
    #[case::forged_left_of_it("10.0.0.1:1", &["1.1.1.1, 198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1")]
    #[case::two_headers("10.0.0.1:1", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1")]
    #[case::two_proxies("10.0.0.1:1", &["198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"], "198.51.100.1")]
    #[case::garbage("10.0.0.1:1", &["198.51.100.1, x"], &["10.0.0.0/8"], "10.0.0.1")]
    #[case::mapped("[::ffff:203.0.113.9]:1", &[], &[], "203.0.113.9")]
    fn the_client_is_the_rightmost_address_that_is_no_proxy(
        #[case] peer: &str,
        #[case] forwarded: &[&str],
        #[case] proxies: &[&str],
        #[case] client: &str,
    ) {
        let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        let proxies = Proxies(proxies.iter().map(|network| network.parse().unwrap()).collect());

        assert_eq!(proxies.client(request.to_http_request().head()), Some(client.parse().unwrap()));
    }

    #[test]
    fn a_household_is_counted_once() {
        let network_of = |text: &str| network(Some(text.parse().unwrap()));

        assert_eq!(network_of("2001:db8:1:2:3::1"), network_of("2001:db8:1:2:ffff::9"));
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("203.0.113.9"), "203.0.113.9");
    }
}
