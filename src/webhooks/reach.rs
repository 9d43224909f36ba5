use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(first: u8, second: u8, third: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(first, second, third, 0), length)
}

const fn v6(first: u16, second: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length)
}

/// What of IPv4 is not the public Internet, by IANA's [registry of special addresses][1]: this
/// host, private networks, carriers' own, loopback, link-local (clouds keep credentials there),
/// protocols, documentation, old relays, benchmarks, multicast, and what is reserved.
///
/// [1]: https://www.iana.org/assignments/iana-ipv4-special-registry/
const NOT_PUBLIC_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// The only part of IPv6 that is given out for global unicast: outside of it are loopback, IPv4 in
/// its mapped forms, NAT64, unique local, link-local, and multicast addresses.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of that is special all the same: protocols (Teredo among them), documentation, and 6to4,
/// which holds an IPv4 address of anybody's choice.
const NOT_PUBLIC_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 23), v6(0x2001, 0xdb8, 32), v6(0x2002, 0, 16), v6(0x3fff, 0, 20)];

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

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
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
            "::ffff:8.8.8.8",
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
