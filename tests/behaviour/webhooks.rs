//! What a tenant's backend is told of its users, whatever becomes of the messages on their way.

use super::keys::lines;
use super::support::{App, Device, Message, OK, Receiver, Reply, kyc, publish, until};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use rstest::rstest;
use serde_json::json;
use std::time::Duration;

/// Receivers of the tests are on this machine.
pub const ALLOW: [&str; 2] = ["--webhook-allow", "127.0.0.0/8"];

/// A pause after which the worker has another look, whatever was put off.
const LATER: Duration = Duration::from_hours(1);

impl App {
    /// Has a tenant's changes sent to a receiver; the webhook's id and its secret.
    pub fn hook(&self, tenant: &str, receiver: &Receiver, more: &[&str]) -> (String, String) {
        let create = ["webhooks", "create", "--tenant", tenant, "--url", &receiver.url];
        let made = self.command(&[&create, more, &ALLOW].concat());
        let (id, secret) = made.split_once('\t').unwrap();
        (id.to_owned(), secret.to_owned())
    }

    /// Waits until the list of webhooks says this.
    async fn lists(&self, text: &str) {
        until("the list", async || self.command(&["webhooks", "list"]).contains(text)).await;
    }
}

/// A user, her backend, and a receiver that is told of her.
struct Told {
    id: String,
    backend: Device,
    receiver: Receiver,
    webhook: String,
    secret: String,
}

impl Told {
    async fn of(app: &App) -> Self {
        let id = app.signed_up("ana@example.com").await.id().await;
        let (backend, receiver) = (app.backend("default"), Receiver::start().await);
        let (webhook, secret) = app.hook("default", &receiver, &[]);
        Self { id, backend, receiver, webhook, secret }
    }
}

/// Whether one of the message's signatures is by this secret.
fn is_signed(message: &Message, secret: &str) -> bool {
    let secret = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let (id, at) = (message.id(), &message.headers["webhook-timestamp"]);
    let signed = format!("{id}.{at}.{}", message.text);
    let signatures = message.headers["webhook-signature"].split(' ');
    signatures.filter_map(|one| one.strip_prefix("v1,")).any(|signature| {
        let signature = BASE64_STANDARD.decode(signature).unwrap();
        hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_is_told_of_each_change() {
    let app = App::with(&ALLOW).await;
    let ana = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), ana.id().await);
    let mut receiver = Receiver::start().await;
    app.hook("default", &receiver, &[]);

    let change = kyc(&backend, &id, json!({ "status": "approved" })).await;

    let message = receiver.next().await;
    assert_eq!(message.line, "POST /hooks HTTP/1.1");
    assert_eq!(message.headers["content-type"], "application/json");
    let told = json!({ "type": "kyc.updated", "timestamp": change["at"], "data": change });
    assert_eq!(message.body, told);
    let other = publish(&backend, &id, "order.shipped", json!({ "order": 7 })).await;
    assert_eq!(receiver.next().await.body["data"], other);
    ana.press(&app.link("ana@example.com").await).await.expect(200);
    assert_eq!(receiver.next().await.body["type"], "email.verified");
    app.device().sign_up("ben@example.com", "another kettle sings").await;
    assert_eq!(receiver.next().await.body["type"], "user.created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_signed_with_a_secret_that_can_be_changed_without_a_gap() {
    let app = App::with(&ALLOW).await;
    let Told { id, backend, mut receiver, webhook, secret: first } = Told::of(&app).await;
    let mut told = async || {
        kyc(&backend, &id, json!({})).await;
        receiver.next().await
    };

    assert!(is_signed(&told().await, &first));
    assert_eq!(app.command(&["webhooks", "secret", &webhook]), first);
    let second = app.command(&["webhooks", "secret", &webhook, "--rotate"]);
    let message = told().await;
    assert!(is_signed(&message, &first) && is_signed(&message, &second));
    let rotate = ["webhooks", "secret", &webhook, "--rotate", "--overlap", "0s"];
    let third = app.command(&rotate);
    let message = told().await;
    assert!(is_signed(&message, &third) && !is_signed(&message, &second));
    for file in ["afterclick.db", "afterclick.db-wal"] {
        let file = std::fs::read(app.database().with_file_name(file)).unwrap();
        let stored = String::from_utf8_lossy(&file);
        for secret in [&first, &second, &third] {
            assert!(!stored.contains(&secret[6..]), "the database holds a secret");
        }
    }
}

/// S14: a webhook is told of its tenant's users alone, and of what it asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_a_webhook_is_told_of_its_own_users_and_types() {
    let app = App::with(&ALLOW).await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let (backend, _acme) = (app.backend("default"), app.backend("acme"));
    let (mut all, mut some, mut acme) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    app.hook("default", &all, &[]);
    app.hook("default", &some, &["--types", "email.verified,order.shipped"]);
    app.hook("acme", &acme, &[]);

    for kind in ["kyc.updated", "order.shipped", "order.lost"] {
        publish(&backend, &id, kind, json!({})).await;
        assert_eq!(all.next().await.body["type"], kind);
    }
    app.command(&["token", "--user", "bob", "--tenant", "acme"]);

    assert_eq!(some.next().await.body["type"], "order.shipped");
    assert_eq!(acme.next().await.change(), ("bob".to_owned(), "user.created".to_owned(), 1));
    assert!(some.has().is_none() && acme.has().is_none() && all.has().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_a_users_changes_wait_for_each_other_and_nobody_elses() {
    let app = App::with_held_clock(&ALLOW).await;
    let (ana, ben) =
        (app.signed_up("ana@example.com").await, app.signed_up("ben@example.com").await);
    let (ana, ben, backend) = (ana.id().await, ben.id().await, app.backend("default"));
    let mut receiver = Receiver::start().await;
    app.hook("default", &receiver, &[]);
    let refused = ana.clone();
    receiver.answer(move |message| {
        let refused = message.change().0 == refused;
        if refused { "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".into() } else { OK.into() }
    });

    for step in 1..=3 {
        kyc(&backend, &ana, json!({ "step": step })).await;
    }
    let first = receiver.next().await;
    for step in 1..=3 {
        kyc(&backend, &ben, json!({ "step": step })).await;
    }

    assert_eq!(first.change(), (ana.clone(), "kyc.updated".to_owned(), 2));
    for version in 2..=4 {
        assert_eq!(
            receiver.next().await.change(),
            (ben.clone(), "kyc.updated".to_owned(), version)
        );
    }
    assert!(receiver.has().is_none());
    app.lists("3 waiting").await;
    receiver.answer(|_| OK.into());
    app.advance(LATER);
    let again = receiver.next().await;
    assert_eq!((again.id(), &again.text), (first.id(), &first.text), "the same message");
    assert_ne!(again.headers["webhook-timestamp"], first.headers["webhook-timestamp"]);
    for version in 3..=4 {
        assert_eq!(
            receiver.next().await.change(),
            (ana.clone(), "kyc.updated".to_owned(), version)
        );
    }
    app.lists("0 waiting\t0 given up\tenabled").await;
}

/// S25: whatever a receiver writes back, the message comes again, and nothing else breaks.
#[rstest]
#[case::redirect("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")]
#[case::kept_method("HTTP/1.1 307 There\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")]
#[case::not_found("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
#[case::failure("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")]
#[case::throttled("HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n")]
#[case::informational("HTTP/1.1 199 Hm\r\n\r\nHTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")]
#[case::switching("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
#[case::beyond("HTTP/1.1 999 Lots\r\nContent-Length: 0\r\n\r\n")]
#[case::zero("HTTP/1.1 000 None\r\n\r\n")]
#[case::no_number("HTTP/1.1 two hundred\r\n\r\n")]
#[case::negative("HTTP/1.1 -200 OK\r\n\r\n")]
#[case::other_protocol("220 mail.example.com ESMTP\r\n")]
#[case::header_bomb("HTTP/1.1 200 OK\r\nX: ")]
#[case::nothing("")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_no_answer_but_2xx_is_a_delivery(#[case] answer: &'static str) {
    let app = App::with_held_clock(&ALLOW).await;
    let Told { id, backend, mut receiver, .. } = Told::of(&app).await;
    let mut first = true;
    receiver.answer(move |_| match std::mem::take(&mut first) {
        true if answer.is_empty() => Reply::End,
        true if answer.ends_with(": ") => {
            format!("{answer}{}", "x".repeat(2 << 20)).as_str().into()
        }
        true => answer.into(),
        false => OK.into(),
    });

    kyc(&backend, &id, json!({})).await;
    let tried = receiver.next().await;
    app.lists("1 waiting").await;
    until("the failure", async || {
        app.metric("afterclick_webhook_tries_total{outcome=\"put_off\"}").await > 0.0
    })
    .await;
    app.advance(LATER);

    let again = receiver.next().await;
    assert_eq!((again.line.as_str(), again.id()), ("POST /hooks HTTP/1.1", tried.id()));
    app.lists("0 waiting\t0 given up\tenabled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_sent_nothing_until_it_is_wanted_again() {
    let app = App::with(&ALLOW).await;
    let Told { id, backend, mut receiver, webhook, .. } = Told::of(&app).await;
    receiver.answer(|_| "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".into());

    let first = kyc(&backend, &id, json!({ "step": 1 })).await;
    let tried = receiver.next().await;
    app.lists("disabled").await;
    kyc(&backend, &id, json!({ "step": 2 })).await;
    receiver.answer(|_| OK.into());
    app.command(&["webhooks", "enable", &webhook]);

    let again = receiver.next().await;
    assert_eq!((again.id(), &again.body["data"]), (tried.id(), &first));
    let third = kyc(&backend, &id, json!({ "step": 3 })).await;
    assert_eq!(receiver.next().await.body["data"], third, "what was not queued is not sent");
    app.command(&["webhooks", "disable", &webhook]);
    app.command(&["webhooks", "delete", &webhook]);
    for command in ["enable", "disable", "delete", "secret"] {
        let output = app.try_command(&["webhooks", command, &webhook]);
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
    assert_eq!(app.command(&["webhooks", "list"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_a_pause_is_given_it() {
    let app = App::with_held_clock(&ALLOW).await;
    let (ana, ben) =
        (app.signed_up("ana@example.com").await, app.signed_up("ben@example.com").await);
    let (ana, ben, backend) = (ana.id().await, ben.id().await, app.backend("default"));
    let mut receiver = Receiver::start().await;
    app.hook("default", &receiver, &[]);
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 7200\r\nContent-Length: 0\r\n\r\n";
    receiver.answer(move |_| busy.into());

    kyc(&backend, &ana, json!({})).await;
    receiver.next().await;
    app.lists("paused until").await;
    receiver.answer(|_| OK.into());
    app.advance(LATER);
    // Nobody's message is tried while the webhook pauses.
    let mut other = Receiver::start().await;
    app.hook("default", &other, &[]);
    kyc(&backend, &ben, json!({})).await;
    other.next().await;
    assert!(receiver.has().is_none());

    app.advance(LATER);

    let mut told = [receiver.next().await.change().0, receiver.next().await.change().0];
    told.sort();
    let mut both = [ana, ben];
    both.sort();
    assert_eq!(told, both);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_delivered_in_three_days_is_kept_and_can_be_sent_again() {
    let app = App::with_held_clock(&ALLOW).await;
    let Told { id, backend, mut receiver, webhook, .. } = Told::of(&app).await;
    receiver.answer(|_| "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".into());

    let change = kyc(&backend, &id, json!({ "step": 1 })).await;
    let first = receiver.next().await;
    app.lists("1 waiting").await;
    app.advance(Duration::from_hours(72));
    receiver.next().await;
    app.lists("0 waiting\t1 given up").await;
    let dead = app.command(&["webhooks", "dead", "--tenant", "default"]);
    receiver.answer(|_| OK.into());
    let second = kyc(&backend, &id, json!({ "step": 2 })).await;
    assert_eq!(receiver.next().await.body["data"], second, "the dead hold up nobody");

    assert_eq!(dead.lines().count(), 1);
    assert!(dead.starts_with(first.id()) && dead.ends_with("it answered 500"), "{dead}");
    let told = app.command(&["webhooks", "replay", first.id()]);
    assert_eq!(told, "1 to be sent again");
    let acts = app.command(&["audit", "list"]);
    let act = format!("\tdefault\tcommand line\twebhook.replayed\t{webhook}\t-");
    assert!(acts.ends_with(&act), "{acts}");
    let again = receiver.next().await;
    assert_eq!((again.id(), &again.body["data"]), (first.id(), &change));
    app.lists("0 waiting\t0 given up").await;
    assert_eq!(app.command(&["webhooks", "dead"]), "");
    assert_eq!(app.command(&["webhooks", "replay", "--since", "1d"]), "0 to be sent again");
    let twice = app.try_command(&["webhooks", "replay", first.id()]);
    assert_eq!(twice.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_and_an_endless_answer_hold_up_nobody() {
    let app = App::with(&ALLOW).await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let backend = app.backend("default");
    let (mut silent, mut endless, mut well) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    for receiver in [&silent, &endless, &well] {
        app.hook("default", receiver, &[]);
    }
    silent.answer(|_| Reply::Silence);
    endless.answer(|_| Reply::Endless);

    for step in 1..=3 {
        kyc(&backend, &id, json!({ "step": step })).await;
        well.next().await;
        endless.next().await;
    }

    let first = silent.next().await;
    assert_eq!(first.change().2, 2);
    let next = silent.has();
    assert!(next.is_none_or(|next| next.id() == first.id()), "the others wait for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_nothing_is_sent_inside_unless_it_is_allowed() {
    let app = App::start().await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let backend = app.backend("default");
    let mut receiver = Receiver::start().await;
    for url in [
        receiver.url.as_str(),
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://0x7f000001/",
        "https://ana:secret@app.example.com/",
        "http://app.example.com/",
        "ftp://app.example.com/",
    ] {
        let refused = app.try_command(&["webhooks", "create", "--url", url]);
        assert_eq!(refused.status.code(), Some(1), "{url}");
        assert!(!String::from_utf8_lossy(&refused.stderr).contains("secret"));
    }

    // Made while it was allowed, or under a name that leads somewhere else by now.
    app.hook("default", &receiver, &[]);
    let by_name = receiver.url.replace("http://127.0.0.1", "https://localhost");
    let create = ["webhooks", "create", "--url", &by_name];
    app.command(&[&create[..], &ALLOW].concat());
    kyc(&backend, &id, json!({})).await;

    app.lists("http is only for loopback addresses").await;
    app.lists("its name leads to no address that webhooks may reach").await;
    assert!(receiver.has().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_user_that_went_nothing_is_told_but_that() {
    let app = App::with_held_clock(&ALLOW).await;
    let ana = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), ana.id().await);
    let mut receiver = Receiver::start().await;
    app.hook("default", &receiver, &[]);
    receiver.answer(|_| "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".into());
    for step in 1..=3 {
        kyc(&backend, &id, json!({ "step": step })).await;
    }
    receiver.next().await;
    app.lists("3 waiting").await;

    let deletion = json!({ "password": super::support::PASSWORD });
    ana.post("/v1/me/deletion", &deletion).await.expect(204);
    app.lists("1 waiting").await;
    receiver.answer(|_| OK.into());
    app.advance(LATER);

    let told = receiver.next().await;
    let data =
        json!({ "type": "user.deleted", "at": told.body["timestamp"], "user": { "id": id } });
    let timestamp = &told.body["timestamp"];
    assert_eq!(told.body, json!({ "type": "user.deleted", "timestamp": timestamp, "data": data }));
    app.lists("0 waiting").await;
    assert!(receiver.has().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_made_for_a_tenant_and_types_that_there_can_be() {
    let app = App::start().await;
    let url = "https://app.example.com/hooks";
    let create = |more: &[&str]| {
        app.try_command(&[&["webhooks", "create", "--url", url][..], more].concat()).status.code()
    };

    assert_eq!(create(&["--tenant", "nobodys"]), Some(1));
    assert_eq!(create(&["--types", "order"]), Some(1));
    assert_eq!(create(&["--types", "user.deleted,user.created"]), Some(0));
    let listed = app.command(&["webhooks", "list"]);
    assert!(listed.contains(url) && listed.contains("user.deleted,user.created"), "{listed}");
    assert_eq!(app.command(&["webhooks", "list", "--tenant", "acme"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_what_is_done_to_webhooks_is_in_the_record() {
    let app = App::with(&ALLOW).await;
    let Told { id, backend, mut receiver, webhook, secret } = Told::of(&app).await;
    receiver.answer(|_| "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".into());
    kyc(&backend, &id, json!({})).await;
    receiver.next().await;
    app.lists("disabled").await;
    receiver.answer(|_| OK.into());
    app.command(&["webhooks", "enable", &webhook]);
    receiver.next().await;
    app.command(&["webhooks", "disable", &webhook]);
    let another = app.command(&["webhooks", "secret", &webhook, "--rotate"]);
    app.command(&["webhooks", "delete", &webhook]);

    let acts = lines(&app, &["audit", "list", "--tenant", "default"]);

    let seen = acts.iter().filter(|line| line[4] == webhook).map(|line| line[2..4].join(" "));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            "command line webhook.created",
            "receiver webhook.disabled",
            "command line webhook.enabled",
            "command line webhook.disabled",
            "command line webhook.rotated",
            "command line webhook.deleted",
        ]
    );
    assert!(!acts.concat().iter().any(|word| *word == secret || *word == another));
}
