//! The bus by itself, over a real NATS server.

mod credentials;

use super::nats::Nats;
use super::support::{Certificate, soon};
use afterclick::feed::{Bus, BusState, Heard, NatsBus, NatsCredentials, NatsServers};
use afterclick::model::{Cursor, Epoch, ServerSecret, UserRef, Version};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

fn ana() -> UserRef {
    UserRef { tenant: "default".parse().unwrap(), id: "ana".parse().unwrap() }
}

fn at(version: i64) -> Cursor {
    Cursor { epoch: Epoch::of("db", "0"), version: Version(version) }
}

fn bus(url: &str, credentials: NatsCredentials, ca: Option<PathBuf>) -> NatsBus {
    let servers = NatsServers { urls: vec![url.to_owned()], credentials, ca };
    NatsBus::new(servers, ServerSecret::new(&[1; 32]))
}

fn open(nats: &Nats) -> NatsBus {
    bus(&nats.url(), NatsCredentials::None, None)
}

/// Listens until the bus says that it is connected.
async fn connected(bus: &NatsBus) -> BoxStream<'static, Heard> {
    let mut heard = bus.hear();
    assert!(matches!(soon("the bus", heard.next()).await, Some(Heard::Missed)));
    soon("the bus's state", async {
        while bus.state() == BusState::Down {
            tokio::select! {
                _ = heard.next() => {}
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    heard
}

/// Says something until it is heard: a bus at most once in a while loses what is said.
async fn hears(speaker: &NatsBus, heard: &mut BoxStream<'static, Heard>) {
    let mut speaking = speaker.hear();
    soon("a hint", async {
        loop {
            speaker.changed(&ana(), at(7));
            tokio::select! {
                Some(Heard::Changed(user, cursor)) = heard.next() => {
                    assert_eq!((user, cursor), (ana(), at(7)));
                    return;
                }
                _ = speaking.next() => {}
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
}

/// Everything that goes over the server, as anybody sees it who may connect.
async fn eavesdropper(url: &str) -> (async_nats::Client, async_nats::Subscriber) {
    let client = async_nats::connect(url).await.unwrap();
    let seen = client.subscribe("afterclick.>").await.unwrap();
    client.flush().await.unwrap();
    (client, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_a_password_and_an_authority_of_ones_own_are_enough_to_be_let_in() {
    let token = Nats::with("authorization { token: hunter2hunter2 }");
    let password = Nats::with("authorization { user: nodes, password: hunter2hunter2 }");
    let certificate = Certificate::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(certificate.cert(), folder.path().join("cert.pem")).unwrap();
    std::fs::copy(certificate.key(), folder.path().join("key.pem")).unwrap();
    let tls = Nats::within(folder, "tls { cert_file: FOLDER/cert.pem, key_file: FOLDER/key.pem }");
    let secret = || "hunter2hunter2".into();

    for make in [
        &|| bus(&token.url(), NatsCredentials::Token(secret()), None) as NatsBus,
        &|| bus(&password.url(), NatsCredentials::Password("nodes".into(), secret()), None),
        &|| {
            let url = tls.url().replace("nats://127.0.0.1", "tls://localhost");
            bus(&url, NatsCredentials::None, Some(certificate.cert()))
        },
    ] as [&dyn Fn() -> NatsBus; 3]
    {
        let (one, two) = (make(), make());
        let mut heard = connected(&one).await;
        hears(&two, &mut heard).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_what_no_node_of_ours_says_is_ignored_and_counted() {
    let nats = Nats::start();
    let (_, mut seen) = eavesdropper(&nats.url()).await;
    let (one, two) = (open(&nats), open(&nats));
    let mut heard = connected(&one).await;
    let _two = connected(&two).await;
    let real = soon("a message", seen.next()).await.unwrap();
    let (forger, _) = eavesdropper(&nats.url()).await;
    let ours = afterclick_bus("ignored");

    let mut tampered = real.payload.to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    for payload in [b"".to_vec(), b"garbage".to_vec(), vec![0; 10_000], tampered] {
        forger.publish(real.subject.clone(), payload.into()).await.unwrap();
    }
    forger.publish(real.subject.clone(), real.payload.clone()).await.unwrap();
    forger.flush().await.unwrap();
    hears(&open(&nats), &mut heard).await;

    // Both nodes ignored all four, and the replay did no harm.
    assert!(afterclick_bus("ignored") - ours >= 4.0);
    let text = std::str::from_utf8(&real.payload[24..]).unwrap();
    assert!(!text.contains('@'), "nothing of a user is in a sign of life: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_installation_on_the_same_server_is_not_heard() {
    let nats = Nats::start();
    let (ours, theirs) = (open(&nats), {
        let servers =
            NatsServers { urls: vec![nats.url()], credentials: NatsCredentials::None, ca: None };
        NatsBus::new(servers, ServerSecret::new(&[2; 32]))
    });
    let mut heard = connected(&ours).await;
    let _theirs = connected(&theirs).await;

    theirs.changed(&ana(), at(3));
    hears(&open(&nats), &mut heard).await;

    assert_eq!(ours.state(), BusState::Up(1), "the one that spoke, and not theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_an_overflow_has_everybody_looked_after() {
    let nats = Nats::start();
    let (forger, mut seen) = eavesdropper(&nats.url()).await;
    let node = open(&nats);
    let mut heard = connected(&node).await;
    let subject = soon("a sign of life", async {
        tokio::select! {
            Some(message) = seen.next() => message.subject,
            () = async { while heard.next().await.is_some() {} } => unreachable!(),
        }
    })
    .await;

    // Nobody listens at the node now; what comes fills its queue and is then lost.
    for _ in 0..20_000 {
        forger.publish(subject.clone(), "x".into()).await.unwrap();
    }
    forger.flush().await.unwrap();
    for _ in 0..20_000 {
        soon("the flood", seen.next()).await.unwrap();
    }

    let missed = soon("the loss", async {
        loop {
            if matches!(heard.next().await, Some(Heard::Missed)) {
                return true;
            }
        }
    });
    assert!(missed.await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_a_bus_that_comes_late_and_goes_away_is_joined_again() {
    let mut nats = Nats::start();
    nats.kill();
    let (one, two) = (open(&nats), open(&nats));
    let mut heard = one.hear();
    let mut other = two.hear();
    let spoken = tokio::spawn(async move { while other.next().await.is_some() {} });
    assert_eq!(one.state(), BusState::Down);
    two.changed(&ana(), at(1));
    for _ in 0..3 {
        nats.start_again();
        let missed = async { while !matches!(heard.next().await, Some(Heard::Missed)) {} };
        soon("the bus", missed).await;
        soon("a hint", async {
            loop {
                two.changed(&ana(), at(7));
                tokio::select! {
                    Some(Heard::Changed(..)) = heard.next() => return,
                    () = tokio::task::yield_now() => {}
                }
            }
        })
        .await;
        nats.kill();
        soon("the end", async {
            while one.state() != BusState::Down {
                tokio::select! { _ = heard.next() => {}, () = tokio::task::yield_now() => {} }
            }
        })
        .await;
    }
    spoken.abort();
}

/// Passes bytes on between a bus and its server, until one direction is made a black hole.
async fn passage(
    to: String,
    to_server: watch::Receiver<bool>,
    to_client: watch::Receiver<bool>,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(&to).await else { continue };
            let (from_client, into_client) = client.into_split();
            let (from_server, into_server) = server.into_split();
            tokio::spawn(pass(from_client, into_server, to_server.clone()));
            tokio::spawn(pass(from_server, into_client, to_client.clone()));
        }
    });
    url
}

/// Reads everything, and passes it on while the way is open.
async fn pass(mut from: OwnedReadHalf, mut into: OwnedWriteHalf, open: watch::Receiver<bool>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if *open.borrow() && into.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_a_network_that_swallows_one_direction_is_noticed_and_made_up_for() {
    let nats = Nats::start();
    for swallowed in ["to the server", "to the client"] {
        let ((server, to_server), (client, to_client)) =
            (watch::channel(true), watch::channel(true));
        let url = passage(nats.address(), to_server, to_client).await;
        let node = bus(&url, NatsCredentials::None, None);
        let mut heard = connected(&node).await;
        let way = if swallowed == "to the server" { &server } else { &client };
        let began = Instant::now();

        way.send_replace(false);
        let gone = async {
            // It finds its connection dead; a new one is no better, so it stays away.
            while node.state() != BusState::Down {
                tokio::select! { _ = heard.next() => {}, () = tokio::task::yield_now() => {} }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), gone).await.expect(swallowed);
        way.send_replace(true);

        let back = async { while !matches!(heard.next().await, Some(Heard::Missed)) {} };
        soon("the resync", back).await;
        assert!(began.elapsed() < Duration::from_secs(25));
    }
}

/// What the process counted of its messages.
fn afterclick_bus(outcome: &str) -> f64 {
    let text = afterclick::telemetry::Metrics::start().text();
    let name = format!("afterclick_bus_messages_total{{outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0.0, |value| value.parse().unwrap())
}
