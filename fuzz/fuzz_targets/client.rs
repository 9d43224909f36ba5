//! Nobody behind a proxy can choose which client it is taken for.
//!
//! The input is a byte that chooses the peer, and lines of `X-Forwarded-For`.
#![no_main]

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use afterclick::http::client::{Proxies, network};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, SocketAddr};

const PEERS: [&str; 4] = ["10.0.0.1", "203.0.113.9", "::ffff:10.0.0.1", "fd00::1"];

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let peer: IpAddr = PEERS[usize::from(*first) % PEERS.len()].parse().expect("an address");
    let lines: Vec<_> = rest
        .split(|byte| *byte == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let proxies = Proxies(
        ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec(),
    );
    let trusts = |client: IpAddr| proxies.0.iter().any(|network| network.contains(&client));
    let client_of =
        |lines: &[HeaderValue]| proxies.client(request(peer, lines).head()).expect("there is a peer");

    let client = client_of(&lines);
    assert_eq!(client, client.to_canonical());
    if !trusts(peer.to_canonical()) {
        assert_eq!(client, peer, "a stranger's header counts");
    }
    let named = lines.iter().filter_map(|line| line.to_str().ok());
    let named = named.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok());
    let mut known = named.chain([peer]).map(|address: IpAddr| address.to_canonical());
    assert!(known.any(|address| address == client), "{client} was made up");
    if !trusts(client) {
        let forged = [&[HeaderValue::from_static("198.51.100.7, 1.1.1.1")], &lines[..]].concat();
        assert_eq!(client_of(&forged), client, "what a client wrote counts");
    }

    let counted = network(Some(client));
    if let IpAddr::V6(address) = client {
        let neighbour = IpAddr::V6((u128::from(address) ^ 1).into());
        assert_eq!(network(Some(neighbour)), counted, "a household has two counts");
    } else {
        assert_eq!(counted.parse(), Ok(client));
    }
});

fn request(peer: IpAddr, lines: &[HeaderValue]) -> HttpRequest {
    let request = TestRequest::default().peer_addr(SocketAddr::new(peer, 1));
    let request = lines
        .iter()
        .fold(request, |request, line| request.append_header(("x-forwarded-for", line.clone())));
    request.to_http_request()
}
