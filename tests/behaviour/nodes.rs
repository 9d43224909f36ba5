//! Several nodes on one PostgreSQL, and what their users see of it: nothing.

use super::database::TestDatabase;
use super::nats::Nats;
use super::support::{App, Device, Nodes, PASSWORD, Process, kyc, soon, until};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ANA: &str = "ana@example.com";

/// How late a change may be on another node (`trust.md`): with the bus, and without.
const BY_BUS: Duration = Duration::from_secs(2);
const BY_DATABASE: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_one_node_is_seen_on_the_other_by_nats() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::two(&database, &nats.url()).await;
    let laptop = nodes.signed_up(ANA).await.moved_to(&nodes.0[1]);
    let mut tab = laptop.listen().await;
    assert_eq!(tab.expect("snapshot").await.data["user"]["email_verified"], false);
    let poll = laptop.poll(&format!("after={}&wait=30", laptop.cursor().await));
    nodes.0[1].parked(&laptop, 1).await;
    let link = nodes.link(ANA).await;

    let began = Instant::now();
    nodes.0[0].device().press(&link).await.expect(200);

    let verified = tab.expect("email.verified").await;
    assert!(began.elapsed() < BY_BUS, "{:?}", began.elapsed());
    assert_eq!(verified.data["user"]["email_verified"], true);
    let answer = soon("the poll", poll).await.unwrap().expect(200);
    assert_eq!(answer.body["changes"], json!([verified.data]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_with_the_bus_dead_or_none_a_click_is_seen_within_six_seconds() {
    let (database, mut nats) = (TestDatabase::new().await, Nats::start());
    let with = Nodes::two(&database, &nats.url()).await;
    nats.kill();
    let other = TestDatabase::new().await;
    let without = Nodes::two(&other, "local").await;

    for nodes in [with, without] {
        let mut tab = nodes.signed_up(ANA).await.moved_to(&nodes.0[1]).listen().await;
        tab.expect("snapshot").await;
        let link = nodes.link(ANA).await;
        let began = Instant::now();
        nodes.0[0].device().press(&link).await.expect(200);

        tab.expect("email.verified").await;

        assert!(began.elapsed() < BY_DATABASE, "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_a_log_out_at_one_node_is_one_at_all() {
    let (database, mut nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::three(&database, &nats.url()).await;
    for bound in [BY_BUS, BY_DATABASE] {
        let ana = nodes.0[0].device();
        ana.sign_up(ANA, PASSWORD).await;
        let token = ana.token(ANA).await;
        let there = nodes.0[1].device().with_bearer(&token);
        let mut tab = there.listen().await;
        tab.expect("snapshot").await;
        let poll = there.poll(&format!("after={}&wait=30", there.cursor().await));
        nodes.0[1].parked(&there, 1).await;

        let began = Instant::now();
        ana.delete("/v1/sessions/current").await.expect(204);

        assert_eq!(tab.expect("goodbye").await.data["code"], "session_revoked");
        assert!(tab.next().await.is_none());
        soon("the poll", poll).await.unwrap().expect(401);
        let third = nodes.0[2].device().with_bearer(&token);
        until("the refusal", async || third.get("/v1/me").await.status == 401).await;
        assert!(began.elapsed() < bound, "{:?}", began.elapsed());
        // The same once more, by the database alone.
        if bound == BY_BUS {
            nats.kill();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_denied_at_one_node_is_gone_from_all() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::two(&database, &nats.url()).await;
    let laptop = nodes.signed_up(ANA).await.moved_to(&nodes.0[1]);
    let mut tab = laptop.listen().await;
    tab.expect("snapshot").await;
    let link = nodes.link(ANA).await;

    nodes.0[0].device().press(&format!("{link}/deny")).await.expect(200);

    assert_eq!(tab.expect("goodbye").await.data["code"], "user_deleted");
    until("the refusal", async || laptop.get("/v1/me").await.status == 401).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s01_fifteen_clicks_and_codes_at_three_nodes_at_once_verify_once() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::three(&database, &nats.url()).await;
    let ana = nodes.signed_up(ANA).await;
    let mail = nodes.mail(ANA).await;
    let link = nodes.link(ANA).await;
    let before = ana.cursor().await;

    let clicks = (0..15).map(|number| {
        let device = ana.moved_to(&nodes.0[number % 3]);
        let (link, code) = (link.clone(), mail["code"].clone());
        async move {
            if number % 5 == 0 {
                device.post("/v1/verifications/confirm", &json!({ "code": code })).await
            } else {
                device.press(&link).await
            }
        }
    });
    let answers = join_all(clicks).await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let changes = ana.get(&format!("/v1/me/changes?after={before}")).await.expect(200).body;
    let kinds: Vec<&Value> =
        changes["changes"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds, ["email.verified"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_good_for_one_stream_at_one_of_three_nodes() {
    let database = TestDatabase::new().await;
    let nodes = Nodes::three(&database, "local").await;
    let ana = nodes.signed_up(ANA).await;
    let ticket = ana.post("/v1/stream-tickets", &json!({})).await.expect(201).body;
    let path = format!("/v1/poll?wait=0&ticket={}", ticket["ticket"].as_str().unwrap());

    let devices = nodes.0.iter().map(App::device);
    let asked = devices.flat_map(|device| [device.clone(), device]);
    let answers = join_all(asked.map(|device| {
        let path = path.clone();
        async move { device.get(&path).await.status.as_u16() }
    }))
    .await;

    let good = answers.iter().filter(|status| **status == 200).count();
    let refused = answers.iter().filter(|status| **status == 401).count();
    assert_eq!((good, refused), (1, 5), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_wrong_codes_count_together_whichever_node_they_are_typed_at() {
    let database = TestDatabase::new().await;
    let nodes = Nodes::three(&database, "local").await;
    let ana = nodes.signed_up(ANA).await;
    let right = nodes.mail(ANA).await["code"].as_str().unwrap().to_owned();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let body = |code: &str| json!({ "code": code });

    let tries = (0..12).map(|number| {
        let device = ana.moved_to(&nodes.0[number % 3]);
        async move { device.post("/v1/verifications/confirm", &body(wrong)).await.status.as_u16() }
    });
    let answers = join_all(tries).await;

    assert_eq!(answers.iter().filter(|status| **status == 422).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 7, "{answers:?}");
    for node in &nodes.0 {
        let there = ana.moved_to(node);
        there.post("/v1/verifications/confirm", &body(&right)).await.expect(429);
    }
    nodes.0[2].device().press(&nodes.link(ANA).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_log_ins_are_limited_over_all_nodes() {
    let database = TestDatabase::new().await;
    let nodes = Nodes::with(3, database.url(), "local", &["--limit-log-in", "4/h"]).await;
    let body = json!({ "email": ANA, "password": "not the right one" });

    let mut answers = Vec::new();
    for number in 0..6 {
        let device = nodes.0[number % 3].device();
        answers.push(device.post("/v1/sessions", &body).await.status.as_u16());
    }

    assert_eq!(answers, [401, 401, 401, 401, 429, 429]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_leaves_once_from_three_nodes() {
    let (database, folder) = (TestDatabase::new().await, tempfile::tempdir().unwrap());
    let mail = format!("dir:{}", folder.path().display());
    let nodes = Nodes::with(3, database.url(), "local", &["--mail", &mail]).await;
    let devices: Vec<Device> = nodes.0.iter().map(App::device).collect();
    let letters = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files
            .filter(|file| {
                file.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml")
            })
            .count()
    };

    join_all((0..12).map(|number| {
        let device = devices[number % 3].clone();
        async move { device.sign_up(&format!("user{number}@example.com"), PASSWORD).await }
    }))
    .await;

    until("the mails", async || letters() >= 12).await;
    drop(nodes);
    assert_eq!(letters(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stood_still_catches_up() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::with(1, database.url(), &nats.url(), &[]).await;
    let sleeper = Process::start(&Nodes::flags(database.url(), &nats.url()));
    let ana = nodes.signed_up(ANA).await;
    let mut there = ana.clone();
    there.base.clone_from(&sleeper.url);
    let mut tab = there.listen().await;
    tab.expect("snapshot").await;
    let before = ana.cursor().await;
    let inboxes = [nodes.0[0].device(), Device::new(sleeper.url.clone())];
    let link = soon("the mail", async {
        loop {
            for inbox in &inboxes {
                let mails = inbox.get("/dev/inbox.json?to=ana%40example.com").await.body;
                if let Some(link) = mails[0]["link"].as_str() {
                    return link.strip_prefix(Nodes::PUBLIC_URL).unwrap().to_owned();
                }
            }
        }
    })
    .await;

    sleeper.signal("STOP");
    nodes.0[0].device().press(&link).await.expect(200);
    let backend = nodes.0[0].backend("default");
    let id = ana.id().await;
    kyc(&backend, &id, json!({ "status": "approved" })).await;
    sleeper.signal("CONT");

    let began = Instant::now();
    let verified = tab.expect("email.verified").await;
    tab.expect("kyc.updated").await;
    assert!(began.elapsed() < BY_DATABASE, "{:?}", began.elapsed());
    assert_ne!(verified.id.as_deref(), Some(before.as_str()));
}
