//! TLS by the service itself.

use super::support::{App, Certificate, DEADLINE, Device, PASSWORD, soon, until};
use reqwest::{Client, ClientBuilder, Version, tls};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANA: &str = "ana@example.com";

/// A service with a certificate that can be exchanged.
struct Secure {
    app: App,
    folder: TempDir,
}

impl Secure {
    async fn start(certificate: &Certificate, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::copy(certificate.cert(), &cert).unwrap();
        std::fs::copy(certificate.key(), &key).unwrap();
        let pair = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
        Self { app: App::with(&[&pair, flags].concat()).await, folder }
    }

    /// Puts another file in place of one, as tools that renew certificates do.
    fn replace(&self, name: &str, with: &Path) {
        let new = self.folder.path().join("new.pem");
        std::fs::copy(with, &new).unwrap();
        std::fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    /// A device that trusts a certificate.
    fn device(&self, trusted: PathBuf, how: impl Fn(ClientBuilder) -> ClientBuilder) -> Device {
        let trusted = reqwest::Certificate::from_pem(&std::fs::read(trusted).unwrap()).unwrap();
        let client = Client::builder().cookie_store(true).no_proxy().tls_certs_only([trusted]);
        let mut device = Device::new(format!("https://localhost:{}", self.app.address.port()));
        device.client = how(client).build().unwrap();
        device
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_old_and_new_are_served_by_tls() {
    let certificate = Certificate::new();
    let service = Secure::start(&certificate, &[]).await;
    let new = service.device(certificate.cert(), |client| client);
    let old = service.device(certificate.cert(), |client| {
        client.http1_only().max_tls_version(tls::Version::TLS_1_2)
    });

    new.sign_up(ANA, PASSWORD).await;
    let session = new.log_in(ANA, PASSWORD).await;
    let cookie = session.header("set-cookie").to_owned();
    old.log_in(ANA, PASSWORD).await;

    assert!(cookie.starts_with("__Host-afterclick_session=") && cookie.contains("Secure"));
    for (device, version) in [(&new, Version::HTTP_2), (&old, Version::HTTP_11)] {
        let answer = device.client.get(format!("{}/v1/me", device.base)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
    }
    let mut tabs = [new.listen().await, old.listen().await];
    for tab in &mut tabs {
        tab.expect("snapshot").await;
    }
    let inbox = new.get(&format!("/dev/inbox.json?to={ANA}&wait=10")).await.expect(200).body;
    let link = inbox[0]["link"].as_str().unwrap();
    let (base, path) = link.split_once("/verify").unwrap();
    assert_eq!(base, format!("https://{}", service.app.address), "what it calls itself");
    new.press(&format!("/verify{path}")).await.expect(200);
    for tab in &mut tabs {
        tab.expect("email.verified").await;
    }
    let metrics = new.get("/metrics").await.expect(200).text;
    let expires = "\nafterclick_tls_certificate_expires_timestamp_seconds ";
    let (_, rest) = metrics.split_once(expires).unwrap();
    let at: f64 = rest.lines().next().unwrap().parse().unwrap();
    assert!(at > 1_760_000_000.0, "{at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_certificate_is_taken_and_a_bad_one_is_not() {
    let (first, second) = (Certificate::new(), Certificate::new());
    let service = Secure::start(&first, &[]).await;
    let early = service.device(first.cert(), |client| client);
    early.sign_up(ANA, PASSWORD).await;
    early.log_in(ANA, PASSWORD).await;
    let mut tab = early.listen().await;
    tab.expect("snapshot").await;
    // Each asks over a connection of its own.
    let meets = async |certificate: &Certificate| {
        let device = service.device(certificate.cert(), |client| client);
        device.client.get(format!("{}/healthz", device.base)).send().await.is_ok()
    };
    let reads = async |outcome: &str, least: u32| {
        let name = format!("afterclick_tls_reads_total{{outcome=\"{outcome}\"}} ");
        until("a look at the files", async || {
            let metrics = early.get("/metrics").await.expect(200).text;
            let count = metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap();
            count.parse::<u32>().unwrap() >= least
        })
        .await;
    };
    assert!(meets(&first).await && !meets(&second).await);

    // It does not fit its key.
    service.replace("cert.pem", &second.cert());
    reads("refused", 2).await;
    assert!(meets(&first).await && !meets(&second).await);
    service.replace("key.pem", &second.key());
    reads("taken", 1).await;

    assert!(meets(&second).await && !meets(&first).await);
    early.post("/v1/verifications", &json!({})).await;
    let inbox = early.get(&format!("/dev/inbox.json?to={ANA}&wait=10")).await.expect(200).body;
    let (_, path) = inbox[0]["link"].as_str().unwrap().split_once("/verify").unwrap();
    early.press(&format!("/verify{path}")).await.expect(200);
    tab.expect("email.verified").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_a_handshake_that_does_not_come_is_not_waited_for() {
    let certificate = Certificate::new();
    let service = Secure::start(&certificate, &["--admin-listen", "127.0.0.1:0"]).await;
    // The beginning of a hello of 512 bytes, and a request in the clear.
    let hello: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0];
    let clear: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for (bytes, least) in [(&b""[..], 3), (hello, 3), (clear, 0)] {
        let mut socket = TcpStream::connect(service.app.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let (began, mut said) = (Instant::now(), Vec::new());

        let _ended = soon("the end", socket.read_to_end(&mut said)).await;

        assert!(began.elapsed() >= Duration::from_secs(least), "{:?}", began.elapsed());
        assert!(began.elapsed() < DEADLINE.mul_f64(0.8), "{:?}", began.elapsed());
        assert!(!said.starts_with(b"HTTP"), "nothing is told in the clear");
    }
    let operator = Device::new(format!("http://{}", service.app.operator_address().unwrap()));
    operator.get("/metrics").await.expect(200);
}
