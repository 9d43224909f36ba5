//! What backends and operators do at one node, and that it holds at all of them.

use super::database::TestDatabase;
use super::nats::Nats;
use super::support::{Device, Listening, Nodes, publish, until};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

const ANA: &str = "ana@example.com";

/// A stream of the same device at each node, each of which has shown the present state.
async fn tabs(nodes: &Nodes, device: &Device) -> Vec<Listening> {
    let mut tabs = Vec::new();
    for node in &nodes.0 {
        let mut tab = device.moved_to(node).listen().await;
        tab.expect("snapshot").await;
        tabs.push(tab);
    }
    tabs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_counts_connections_at_all_nodes_and_is_told_where_some_may_be_missing() {
    let (database, mut nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::three(&database, &nats.url()).await;
    let (ana, backend) = (nodes.signed_up(ANA).await, nodes.0[0].backend("default"));
    let path = format!("/v1/users/{}/connections", ana.id().await);
    let _tabs = tabs(&nodes, &ana).await;
    let there = ana.moved_to(&nodes.0[2]);
    let _poll = there.poll(&format!("after={}&wait=30", there.cursor().await));
    nodes.0[2].parked(&there, 1).await;
    let session = ana.get("/v1/sessions").await.body["sessions"][0]["id"].clone();

    let of_session = json!([{ "session_id": session, "streams": 3, "polls": 1 }]);
    let all = json!({ "streams": 3, "polls": 1, "by_session": of_session });
    until("all of them", async || backend.get(&path).await.body == all).await;
    ana.has_streams(3).await;
    nats.kill();

    until("the bus's end", async || nodes.0[0].bus().await == "does not answer").await;
    let here = backend.get(&path).await.expect(200).body;
    assert_eq!((&here["streams"], &here["partial"]), (&json!(1), &json!(true)), "{here}");
    let ready = nodes.0[0].device().get("/readyz").await.expect(503);
    assert_eq!(ready.header("retry-after"), "1");
    assert!(nodes.0[0].metric("afterclick_bus_up").await < 1.0);
    let unasked = Nodes::with(1, database.url(), "local", &[]).await;
    let here = backend.moved_to(&unasked.0[0]).get(&path).await.expect(200).body;
    assert_eq!(here, json!({ "streams": 0, "polls": 0, "by_session": [], "partial": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_disconnected_at_one_node_is_at_all_and_may_come_back() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let other = TestDatabase::new().await;
    for (database, bus) in [(&database, nats.url()), (&other, "local".to_owned())] {
        let nodes = Nodes::three(database, &bus).await;
        let (ana, backend) = (nodes.signed_up(ANA).await, nodes.0[0].backend("default"));
        let id = ana.id().await;
        let tabs_of_then = tabs(&nodes, &ana).await;

        backend.delete(&format!("/v1/users/{id}/connections")).await.expect(204);

        for mut tab in tabs_of_then {
            assert_eq!(tab.expect("goodbye").await.data["code"], "disconnected");
        }
        // A look into the database finds the same ending again, and this change after it.
        let mut back = tabs(&nodes, &ana).await;
        publish(&backend, &id, "order.shipped", json!({})).await;
        for tab in &mut back {
            tab.expect("order.shipped").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_removed_at_one_node_is_gone_from_all_and_another_of_that_id_is_new() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::three(&database, &nats.url()).await;
    let backend = nodes.0[0].backend("default");
    let first = backend.put("/v1/users/u1", &json!({ "attributes": { "of": "the first" } })).await;
    let token = nodes.0[0].command(&["token", "--user", "u1"]);
    let old = nodes.0[0].device().with_bearer(&token);
    let tabs_of_then = tabs(&nodes, &old).await;

    backend.moved_to(&nodes.0[1]).delete("/v1/users/u1").await.expect(204);

    for mut tab in tabs_of_then {
        assert_eq!(tab.expect("goodbye").await.data["code"], "user_deleted");
    }
    for node in &nodes.0 {
        old.moved_to(node).get("/v1/me").await.expect(401);
        backend.moved_to(node).get("/v1/users/u1").await.expect(404);
    }
    let again = backend.moved_to(&nodes.0[2]).put("/v1/users/u1", &json!({})).await.expect(201);
    assert_ne!(again.body["cursor"], first.body["cursor"]);
    for node in &nodes.0 {
        let seen = backend.moved_to(node).get("/v1/users/u1").await.expect(200).body;
        assert_eq!((&seen["attributes"], &seen["cursor"]), (&json!({}), &again.body["cursor"]));
        old.moved_to(node).get("/v1/me").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_the_same_event_that_is_sent_to_three_nodes_at_once_is_published_once() {
    let (database, nats) = (TestDatabase::new().await, Nats::start());
    let nodes = Nodes::three(&database, &nats.url()).await;
    let (ana, backend) = (nodes.signed_up(ANA).await, nodes.0[0].backend("default"));
    let id = ana.id().await;
    let mut tab = tabs(&nodes, &ana).await.remove(1);
    let send = |node: usize, number: u32| {
        let there = backend.moved_to(&nodes.0[node]);
        let body = json!({ "type": "order.shipped", "data": { "number": number } });
        let request = there.request(Method::POST, &format!("/v1/users/{id}/events"));
        let request = request.header("idempotency-key", "order-7").json(&body);
        async move { there.send(request).await }
    };

    let answers = join_all((0..9).map(|number| send(number % 3, 7))).await;

    let cursors: BTreeSet<String> =
        answers.into_iter().map(|answer| answer.expect(201).body["cursor"].to_string()).collect();
    assert_eq!(cursors.len(), 1, "{cursors:?}");
    send(2, 8).await.expect_problem(422, "idempotency_mismatch");
    publish(&backend, &id, "order.paid", json!({})).await;
    tab.expect("order.shipped").await;
    tab.expect("order.paid").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_settings_that_change_at_one_node_are_soon_those_of_all() {
    let database = TestDatabase::new().await;
    let nodes = Nodes::three(&database, "local").await;
    let page = "https://app.acme.example";
    let token = nodes.0[0].command(&["token", "--tenant", "acme", "--user", "ana"]);
    let ana = nodes.0[0].device().with_bearer(&token);
    let set = ["tenants", "create", "acme", "history=1", "streams-per-user=1"];
    let first = ana.cursor().await;

    nodes.0[0].command(&[&set[..], &[&format!("client-url={page}")]].concat());

    for node in &nodes.0 {
        let there = ana.moved_to(node);
        until("the tenant's page", async || {
            let asked = there.request(Method::GET, "/v1/me").header("origin", page);
            there.send(asked).await.header("access-control-allow-origin") == page
        })
        .await;
        let mut oldest = there.listen().await;
        oldest.expect("snapshot").await;
        there.listen().await.expect("snapshot").await;
        assert_eq!(oldest.news().await.unwrap().data["code"], "too_many_streams");
        let backend = node.backend("acme");
        for step in 0..2 {
            publish(&backend, "ana", "step.made", json!({ "step": step })).await;
        }
        there.get(&format!("/v1/me/changes?after={first}")).await.expect(410);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_key_that_is_revoked_is_soon_refused_at_all_nodes() {
    let database = TestDatabase::new().await;
    let nodes = Nodes::three(&database, "local").await;
    let backend = nodes.0[0].backend("default");
    for node in &nodes.0 {
        backend.moved_to(node).put("/v1/users/u1", &json!({})).await;
    }
    let listed = nodes.0[0].command(&["keys", "list"]);

    nodes.0[0].command(&["keys", "revoke", listed.split('\t').next().unwrap()]);

    for node in &nodes.0 {
        let there = backend.moved_to(node);
        until("the refusal", async || there.get("/v1/users/u1").await.status == 401).await;
    }
}
