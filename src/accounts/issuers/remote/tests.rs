use super::*;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Never again within a test, unless it is asked for.
const ONCE: Pace = Pace {
    least: Duration::from_hours(1),
    first: Duration::from_hours(1),
    most: Duration::from_hours(1),
    wait: Duration::from_secs(10),
};

/// Whenever it is asked for.
const ALWAYS: Pace = Pace { least: Duration::ZERO, first: Duration::ZERO, ..ONCE };

/// An issuer's web server, which says the same to everybody.
struct Site {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    may_answer: Arc<Semaphore>,
}

impl Site {
    async fn open(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = Self {
            url: format!("http://{}/jwks", listener.local_addr().unwrap()),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            may_answer: Arc::new(Semaphore::new(1_000)),
        };
        let (answer, asked) = (Arc::clone(&site.answer), Arc::clone(&site.asked));
        let may_answer = Arc::clone(&site.may_answer);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4096]).await;
                asked.fetch_add(1, Ordering::SeqCst);
                may_answer.acquire().await.unwrap().forget();
                let answer = answer.lock().unwrap().clone();
                // A reader that has had enough closes early.
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        site
    }

    fn keys(&self, pace: Pace) -> Arc<RemoteKeys> {
        let url = self.url.parse().unwrap();
        let remote = RemoteKeys::new(url, Algorithm::EdDsa, false, true).unwrap();
        let remote = Arc::new(RemoteKeys { pace, ..remote });
        let run = Arc::clone(&remote);
        tokio::spawn(async move { run.run(|| {}).await });
        remote
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn set(keys: &[Value]) -> String {
    http("200 OK", &json!({ "keys": keys }).to_string())
}

fn key(kid: &str) -> Value {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
}

async fn tried(remote: &RemoteKeys) {
    let mut state = remote.state.subscribe();
    let tried = state.wait_for(|state| state.tried_at.is_some());
    timeout(Duration::from_secs(10), tried).await.unwrap().unwrap();
}

#[tokio::test]
async fn s12_unknown_kids_cause_no_storm_of_fetches() {
    let site = Site::open(set(&[key("one")])).await;
    let remote = site.keys(ONCE);
    tried(&remote).await;

    let asked = join_all((0..500).map(|_| remote.ask())).await;

    assert!(asked.iter().all(|fetched| !fetched), "there was a fetch a moment ago");
    assert_eq!(site.asked(), 1);
    assert!(remote.keys().unwrap().pick(Some("one")).is_some());
}

#[tokio::test]
async fn s12_all_who_miss_a_new_key_wait_for_one_fetch() {
    let site = Site::open(set(&[key("one")])).await;
    let remote = site.keys(ALWAYS);
    tried(&remote).await;
    *site.answer.lock().unwrap() = set(&[key("two")]);
    site.may_answer.forget_permits(1_000);

    let (asked, ()) = tokio::join!(join_all((0..500).map(|_| remote.ask())), async {
        // All have asked by now: they were polled before this.
        site.may_answer.add_permits(10);
    });

    assert!(asked.iter().all(|fetched| *fetched));
    assert_eq!(site.asked(), 2);
    assert!(remote.keys().unwrap().pick(Some("two")).is_some());
}

#[tokio::test]
async fn keys_stay_good_while_their_url_is_down() {
    let site = Site::open(set(&[key("one")])).await;
    let remote = site.keys(ALWAYS);
    tried(&remote).await;

    for answer in [http("500 Oops", ""), http("200 OK", "<html>"), set(&[]), String::new()] {
        *site.answer.lock().unwrap() = answer;
        assert!(remote.ask().await);
        assert!(remote.keys().unwrap().pick(Some("one")).is_some());
    }
}

#[rstest]
#[case::redirect(http("302 Found\r\nLocation: /elsewhere", ""))]
#[case::not_found(http("404 Not Found", &json!({ "keys": [key("one")] }).to_string()))]
#[case::no_json(http("200 OK", "keys"))]
#[case::no_set(http("200 OK", &key("one").to_string()))]
#[case::a_secret(set(&[json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "one" })]))]
#[case::two_of_one_name(set(&[key("one"), key("one")]))]
#[case::two_without_a_name(set(&[json!({ "kid": null }), key("one"), json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })]))]
#[case::no_point(set(&[json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "one" })]))]
#[case::endless(http("200 OK", &format!("{{\"keys\":[{}]}}", " ".repeat(300_000))))]
#[tokio::test]
async fn s12_what_is_no_sound_key_set_gives_no_keys(#[case] answer: String) {
    let site = Site::open(answer).await;

    let remote = site.keys(ONCE);

    tried(&remote).await;
    assert!(remote.keys().is_none());
    assert_eq!(site.asked(), 1, "and leads nowhere else");
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_passed_over() {
    let odd = json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "x" });
    let site = Site::open(set(&[odd, json!(7), key("one")])).await;

    let remote = site.keys(ONCE);

    tried(&remote).await;
    assert!(remote.keys().unwrap().pick(Some("one")).is_some());
}

#[tokio::test]
async fn s12_a_name_that_leads_to_this_machine_is_not_followed() {
    let url: Url = "https://localhost:1/jwks".parse().unwrap();
    let remote = RemoteKeys::new(url, Algorithm::EdDsa, false, false).unwrap();

    let failure = remote.fetch().await.unwrap_err().to_string();

    assert_eq!(failure, "the name leads to no public address");
}

#[tokio::test]
async fn a_set_is_kept_between_one_and_ten_minutes() {
    let url: Url = "https://a.example/jwks".parse().unwrap();
    let remote = RemoteKeys::new(url, Algorithm::EdDsa, false, false).unwrap();
    let keys = Keys::jwks(Algorithm::EdDsa, json!({ "keys": [key("one")] }).to_string().as_bytes());
    let now = Instant::now();
    let state = State { keys: Some(Arc::new(keys.unwrap())), tried_at: Some(now) };

    for (said, kept) in [(0, 60), (30, 60), (120, 120), (86_400, 600)] {
        let next = remote.next(&state, Duration::from_secs(said));
        assert_eq!(next, Some(now + Duration::from_secs(kept)), "{said}");
    }
    let none = State { keys: None, ..state };
    assert_eq!(remote.next(&none, Duration::ZERO), Some(now + PACE.first));
}

#[rstest]
#[case("https://a:b@a.example/jwks", BadUrl::NotPlain)]
#[case("https://a@a.example/jwks", BadUrl::NotPlain)]
#[case("data:application/json,{}", BadUrl::NotPlain)]
#[case("https://0x7f.1/jwks", BadUrl::Private)]
fn s12_a_url_that_hides_where_it_leads_is_refused(#[case] url: &str, #[case] why: BadUrl) {
    let refused = RemoteKeys::new(url.parse().unwrap(), Algorithm::EdDsa, false, false);

    assert_eq!(refused.err(), Some(why));
}
