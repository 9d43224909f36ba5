use crate::model::is_public;
use ipnet::IpNet;
use std::net::IpAddr;

/// Which addresses a webhook may be at: those of the public Internet, and what an operator allows.
///
/// Whoever may name a URL for us to call could else have us call what only we can reach.
#[derive(Debug, Clone, Default)]
pub struct Reach(Vec<IpNet>);

impl Reach {
    /// The public Internet, and these networks.
    pub fn beside(allowed: Vec<IpNet>) -> Self {
        Self(allowed)
    }

    /// Whether a webhook at this address may be called by https.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.allows(address) || is_public(address)
    }

    /// Whether a webhook at this address may be called without TLS: on this machine alone.
    pub fn permits_plain(&self, address: IpAddr) -> bool {
        self.allows(address) && address.is_loopback()
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s25_only_the_public_internet_is_reached_unasked() {
        let reach = Reach::default();
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!reach.permits(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"] {
            assert!(reach.permits(outside.parse().unwrap()), "{outside}");
            assert!(!reach.permits_plain(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn s25_what_is_allowed_is_reached_and_nothing_beside_it() {
        let allowed = ["10.0.0.0/24", "127.0.0.0/8", "::1/128"];
        let reach = Reach::beside(allowed.map(|network| network.parse().unwrap()).to_vec());
        let permits = |text: &str| {
            let address = text.parse().unwrap();
            (reach.permits(address), reach.permits_plain(address))
        };

        assert_eq!(permits("10.0.0.7"), (true, false));
        assert_eq!(permits("127.0.0.1"), (true, true));
        assert_eq!(permits("::1"), (true, true));
        assert_eq!(permits("10.0.1.7"), (false, false));
        assert_eq!(permits("::ffff:127.0.0.1"), (false, false));
    }
}
