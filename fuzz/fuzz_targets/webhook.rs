//! A webhook's URL never leads inside, however it is written.
#![no_main]

use afterclick::webhooks::{Reach, target};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Host;

fuzz_target!(|text: &str| {
    if let Ok(url) = target(text, &Reach::default()) {
        assert_eq!(url.scheme(), "https");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        assert!(url.as_str().len() <= 2_048);
        match url.host().expect("a host") {
            Host::Ipv4(address) => assert!(!is_inside_v4(address), "{address}"),
            Host::Ipv6(address) => assert!(!is_inside_v6(address), "{address}"),
            Host::Domain(name) => {
                assert!(name.trim_end_matches('.').parse::<IpAddr>().is_err(), "{name}");
            }
        }
        assert_eq!(target(url.as_str(), &Reach::default()), Ok(url), "it is kept as it is read");
    }
    let networks = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
    if let Ok(url) = target(text, &Reach::beside(networks.to_vec()))
        && url.scheme() != "https"
    {
        let here = match url.host().expect("a host") {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        };
        assert!(url.scheme() == "http" && here, "{url}");
    }
});

fn is_inside_v4(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || address.octets()[0] == 0
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().map(is_inside_v4);
    mapped.unwrap_or(
        address.is_loopback()
            || address.is_unspecified()
            || address.is_multicast()
            || address.is_unique_local()
            || address.is_unicast_link_local(),
    )
}
