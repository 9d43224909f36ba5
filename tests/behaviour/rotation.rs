//! S13: keys of access tokens come and go while the service runs.

use super::support::{App, Device, until};
use afterclick::clock::{Clock, SystemClock};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ISS: &str = "https://id.acme.example";

fn draw() -> Ed25519KeyPair {
    Ed25519KeyPair::generate().unwrap()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk(pair: &Ed25519KeyPair, kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(pair.public_key().as_ref()) })
}

/// A token of the external issuer, with these members over the usual ones of its header.
fn token(pair: &Ed25519KeyPair, header: &Value) -> String {
    let now = SystemClock::default().now().0 / 1_000_000;
    let claims = json!({ "iss": ISS, "aud": "app", "sub": "ana", "iat": now, "exp": now + 600 });
    let mut whole = json!({ "alg": "EdDSA", "typ": "JWT" });
    for (name, value) in header.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let message = format!("{}.{}", b64(whole.to_string()), b64(claims.to_string()));
    format!("{message}.{}", b64(pair.sign(message.as_bytes())))
}

/// Files that only their owner reads, replaced as a whole.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let (draft, path) = (self.0.path().join("draft"), self.0.path().join(name));
        std::fs::write(&draft, text).unwrap();
        std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(draft, &path).unwrap();
        path
    }

    fn signing_key(&self, name: &str, pair: &Ed25519KeyPair) -> String {
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(pair).unwrap();
        let body = BASE64_STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        self.write(name, &pem).to_str().unwrap().to_owned()
    }

    fn issuers(&self, keys: &str) -> String {
        let text = format!(
            "[[issuer]]\niss = \"{ISS}\"\naud = \"app\"\nalgorithm = \"EdDSA\"\ntenant = \"acme\"\n{keys}\n"
        );
        self.write("issuers.toml", &text).to_str().unwrap().to_owned()
    }
}

/// An issuer's web server, which serves one key set and counts who asks.
struct Site {
    url: String,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Site {
    async fn open(set: Option<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let answer = set.map_or_else(
            || "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            |set| {
                let set = set.to_string();
                let length = set.len();
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{set}"
                )
            },
        );
        let task = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, asked, task }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn bearer(app: &App, token: &str) -> Device {
    app.device().with_bearer(token)
}

async fn is_good(app: &App, token: &str) -> bool {
    bearer(app, token).get("/v1/me").await.status == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_service_checks_our_tokens_by_the_served_keys() {
    let (files, pair) = (Files::new(), draw());
    let key = files.signing_key("key.pem", &pair);
    let app = App::with(&["--signing-key", &key]).await;
    app.device().sign_up("ana@example.com", super::support::PASSWORD).await;
    let token = app.device().token("ana@example.com").await;

    let set = app.device().get("/.well-known/jwks.json").await.expect(200);

    let parts: Vec<&str> = token.split('.').collect();
    let header: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let keys = set.body["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    UnparsedPublicKey::new(&ED25519, x).verify(message.as_bytes(), &signature).unwrap();
    assert_eq!((keys.len(), &key["alg"], &key["use"]), (1, &json!("EdDSA"), &json!("sig")));
    assert!(key.get("d").is_none(), "the private half stays here");
    let secret = App::start().await;
    let none = secret.device().get("/.well-known/jwks.json").await.expect(200).body;
    assert_eq!(none, json!({ "keys": [] }), "a secret is told to nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_a_new_signing_key_takes_over_from_an_old_one() {
    let (files, old, new) = (Files::new(), draw(), draw());
    let (first, second) = (files.signing_key("1.pem", &old), files.signing_key("2.pem", &new));
    let app = App::with(&["--signing-key", &first, "--signing-key", &second]).await;
    let of = |key: &str| app.command(&["token", "--user", "ana", "--signing-key", key]);
    let (by_old, by_new) = (of(&first), of(&second));
    assert!(is_good(&app, &by_old).await && is_good(&app, &by_new).await);
    let mut stream = bearer(&app, &by_old).listen().await;
    stream.expect("snapshot").await;
    let mut stays = bearer(&app, &by_new).listen().await;
    let cursor = stays.expect("snapshot").await.id.unwrap();
    let ticket = bearer(&app, &by_old).post("/v1/stream-tickets", &json!({})).await.expect(201);
    let ticket = format!("/v1/stream?ticket={}", ticket.body["ticket"].as_str().unwrap());
    let opened = app.device().request(reqwest::Method::GET, &ticket);
    let mut by_ticket = super::support::Listening::open(opened).await;
    by_ticket.expect("snapshot").await;
    let poll = bearer(&app, &by_old).poll(&format!("after={cursor}&wait=30"));

    files.signing_key("1.pem", &new);
    let began = std::time::Instant::now();

    for ended in [&mut stream, &mut by_ticket] {
        let goodbye = ended.news().await.unwrap();
        assert_eq!(
            (goodbye.name.as_str(), &goodbye.data["code"]),
            ("goodbye", &json!("token_expired"))
        );
        assert!(goodbye.data["reconnect"].as_bool().unwrap());
    }
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert_eq!(poll.await.unwrap().status, 401);
    assert!(!is_good(&app, &by_old).await && is_good(&app, &by_new).await);
    let backend = app.backend("default");
    super::support::kyc(&backend, "ana", json!({ "step": 1 })).await;
    stays.expect("kyc.updated").await;
    let mut resumed = bearer(&app, &by_new).listen_from(Some(&cursor)).await;
    resumed.expect("kyc.updated").await;
    let set = app.device().get("/.well-known/jwks.json").await.body;
    assert_eq!(set["keys"].as_array().unwrap().len(), 1, "named twice, it is one key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_a_removed_issuer_key_ends_its_streams_and_a_broken_file_changes_nothing() {
    let (files, old, new) = (Files::new(), draw(), draw());
    files.write("set.json", &json!({ "keys": [jwk(&old, "old"), jwk(&new, "new")] }).to_string());
    let app = App::with(&["--issuers", &files.issuers("jwks_file = \"set.json\"")]).await;
    let by_old = token(&old, &json!({ "kid": "old" }));
    let by_new = token(&new, &json!({ "kid": "new" }));
    let mut stream = bearer(&app, &by_old).listen().await;
    stream.expect("snapshot").await;

    files.write("set.json", "{\"keys\":[");
    let refused = "afterclick_key_reads_total{outcome=\"refused\"}";
    until("a look at the broken file", async || app.metric(refused).await >= 2.0).await;
    assert!(is_good(&app, &by_old).await && is_good(&app, &by_new).await);
    files.write("set.json", &json!({ "keys": [jwk(&new, "new")] }).to_string());

    let goodbye = stream.news().await.unwrap();
    assert_eq!(goodbye.data["code"], "token_expired");
    assert!(!is_good(&app, &by_old).await && is_good(&app, &by_new).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_keys_at_a_url_are_fetched_once_however_many_tokens_name_others() {
    let (files, pair) = (Files::new(), draw());
    let site = Site::open(Some(json!({ "keys": [jwk(&pair, "one")] }))).await;
    let elsewhere = Site::open(Some(json!({ "keys": [jwk(&pair, "two")] }))).await;
    let keys = format!("jwks_url = \"{}\"", site.url);
    let app = App::with(&["--insecure-dev", "--issuers", &files.issuers(&keys)]).await;
    let good = token(&pair, &json!({ "kid": "one" }));

    assert!(is_good(&app, &good).await, "the first of all waits for the first fetch");
    let unknown = (0..100).map(|kid| {
        let header = json!({
            "kid": format!("unknown-{kid}"), "jku": elsewhere.url, "x5u": elsewhere.url,
            "jwk": jwk(&pair, "one"),
        });
        let device = bearer(&app, &token(&pair, &header));
        async move { device.get("/v1/me").await.expect_problem(401, "invalid_token") }
    });
    join_all(unknown).await;

    assert_eq!((site.asked(), elsewhere.asked()), (1, 0));
    site.task.abort();
    assert!(is_good(&app, &good).await, "its keys stay good while the URL is down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_keys_could_never_be_had_is_asked_to_come_back() {
    let (files, pair) = (Files::new(), draw());
    let site = Site::open(None).await;
    let keys = format!("jwks_url = \"{}\"", site.url);
    let app = App::with(&["--insecure-dev", "--issuers", &files.issuers(&keys)]).await;
    let ana = bearer(&app, &token(&pair, &json!({ "kid": "one" })));

    let answer = ana.get("/v1/me").await.expect_problem(503, "unavailable");
    let goodbye = ana.listen().await.next().await.unwrap();

    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(goodbye.data["code"], "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_is_added_while_the_service_runs() {
    let (files, pair) = (Files::new(), draw());
    files.write("set.json", &json!({ "keys": [jwk(&pair, "one")] }).to_string());
    let path = files.issuers("jwks_file = \"set.json\"");
    let other = std::fs::read_to_string(&path).unwrap().replace(ISS, "https://other.example");
    files.write("issuers.toml", &other);
    let app = App::with(&["--issuers", &path]).await;
    let good = token(&pair, &json!({ "kid": "one" }));
    assert!(!is_good(&app, &good).await);

    files.issuers("jwks_file = \"set.json\"");

    until("the new issuer", async || is_good(&app, &good).await).await;
}
