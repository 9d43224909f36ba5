//! What a backend may say of its users, and what their devices hear of it.

use super::support::{App, kyc, publish, until};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_counts_from_its_making_to_its_revocation() {
    let app = App::start().await;
    let id = app.signed_up("ana@example.com").await.id().await;
    let key = app.command(&["keys", "create", "--name", "billing"]);
    let (path, backend) = (format!("/v1/users/{id}/events"), app.device().with_bearer(&key));
    let event = json!({ "type": "order.shipped", "data": {} });
    backend.post(&path, &event).await.expect(201);
    let (key_id, secret) = key.strip_prefix("ack_").unwrap().split_once('_').unwrap();
    let listed = app.command(&["keys", "list"]);
    assert!(listed.contains(key_id) && !listed.contains(secret), "{listed}");

    for forged in [format!("ack_{key_id}_x"), format!("ack_{key_id}"), "ack_x_y".to_owned()] {
        let answer = app.device().with_bearer(&forged).post(&path, &event).await;
        answer.expect_problem(401, "invalid_token");
    }
    app.command(&["keys", "revoke", key_id]);

    until("the revocation", async || backend.post(&path, &event).await.status == 401).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_users_own_backend_publishes() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let id = ana.id().await;
    let path = format!("/v1/users/{id}/events");
    let event = json!({ "type": "kyc.updated", "data": { "status": "approved" } });

    app.device().post(&path, &event).await.expect_problem(401, "unauthenticated");
    ana.post(&path, &event).await.expect_problem(403, "wrong_caller");
    let bearer = app.device().with_bearer(&ana.token("ana@example.com").await);
    bearer.post(&path, &event).await.expect_problem(403, "wrong_caller");
    app.backend("acme").post(&path, &event).await.expect_problem(404, "not_found");
    let backend = app.backend("default");
    for unknown in ["nobody", "a%20b", "a%2Fb", &"x".repeat(129)] {
        let answer = backend.post(&format!("/v1/users/{unknown}/events"), &event).await;
        answer.expect_problem(404, "not_found");
    }
    assert_eq!(ana.me().await["kyc"], json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_looked_at_after_its_sender() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let path = format!("/v1/users/{}/events", ana.id().await);

    for (caller, status) in
        [(app.device(), 401), (app.device().with_bearer("ack_a_b"), 401), (ana, 403)]
    {
        for body in [json!({ "x": 1 }), json!([]), json!("x".repeat(70_000))] {
            caller.post(&path, &body).await.expect(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_has_a_type_and_an_object() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (backend, before) = (app.backend("default"), device.cursor().await);
    let path = format!("/v1/users/{}/events", device.id().await);
    let refused = async |body: Value, status, code| {
        backend.post(&path, &body).await.expect_problem(status, code);
    };

    for reserved in ["user.created", "email.verified", "email.changed", "afterclick.x"] {
        refused(json!({ "type": reserved, "data": {} }), 422, "reserved_type").await;
    }
    for malformed in ["", "order", "Order.shipped", "a.b.c.d.e", "a.b\nid: 1", &"a.b".repeat(30)] {
        refused(json!({ "type": malformed, "data": {} }), 422, "bad_type").await;
    }
    for body in [
        json!({ "type": "a.b" }),
        json!({ "data": {} }),
        json!({ "type": "a.b", "data": null }),
        json!({ "type": "a.b", "data": [] }),
        json!({ "type": 1, "data": {} }),
        json!({ "type": "a.b", "data": {}, "user": "x" }),
    ] {
        refused(body, 422, "bad_member").await;
    }
    refused(json!({ "type": "a.b", "data": { "x": "x".repeat(16 * 1024) } }), 413, "too_large")
        .await;
    assert_eq!(device.cursor().await, before, "nothing is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_merges_into_the_document() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), device.id().await);

    kyc(&backend, &id, json!({ "status": "pending", "checks": { "face": 1, "papers": 2 } })).await;
    let merge = json!({ "status": "approved", "checks": { "face": null, "home": [1] }, "x": null });
    let change = kyc(&backend, &id, merge.clone()).await;
    publish(&backend, &id, "user.updated", json!({ "plan": "pro" })).await;
    let apart = publish(&backend, &id, "transaction.updated", json!({ "plan": "none" })).await;

    assert_eq!((&change["data"], &change["type"]), (&merge, &json!("kyc.updated")));
    let me = device.me().await;
    assert_eq!(me["kyc"], json!({ "status": "approved", "checks": { "papers": 2, "home": [1] } }));
    assert_eq!(me["attributes"], json!({ "plan": "pro" }));
    assert_eq!((&apart["user"], &apart["cursor"]), (&me, &me["cursor"]));
    let half = json!({ "half": "x".repeat(9_000) });
    publish(&backend, &id, "user.updated", half).await;
    let other = json!({ "type": "user.updated", "data": { "other": "x".repeat(9_000) } });
    let beyond = backend.post(&format!("/v1/users/{id}/events"), &other).await;
    beyond.expect_problem(413, "too_large");
    assert_eq!(device.me().await["attributes"]["other"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_is_paged_and_a_stream_goes_on_from_it() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), device.id().await);
    let mut changes = Vec::new();
    for step in 0..5 {
        changes.push(kyc(&backend, &id, json!({ "step": step })).await);
    }

    let first = device.get("/v1/me/changes?limit=3&unknown=1").await.expect(200).body;
    let types: Vec<_> =
        first["changes"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(types, ["user.created", "kyc.updated", "kyc.updated"]);
    assert_eq!(first["cursor"], changes[1]["cursor"]);
    let after = first["cursor"].as_str().unwrap();
    let rest = device.get(&format!("/v1/me/changes?after={after}")).await.expect(200).body;
    assert_eq!(rest, json!({ "changes": changes[2..], "cursor": changes[4]["cursor"] }));
    let after = rest["cursor"].as_str().unwrap();
    let none = device.get(&format!("/v1/me/changes?after={after}")).await.expect(200).body;
    assert_eq!(none, json!({ "changes": [], "cursor": after }));

    let mut stream = device.listen_from(first["cursor"].as_str()).await;
    for change in &changes[2..] {
        assert_eq!(&stream.expect("kyc.updated").await.data, change);
    }
    for limit in ["0", "101", "-1", "x", ""] {
        let answer = device.get(&format!("/v1/me/changes?limit={limit}")).await;
        answer.expect_problem(400, "bad_parameter");
    }
    device.get("/v1/me/changes?after=x").await.expect_problem(400, "bad_cursor");
}

/// S15: whatever stands in a string, a change is one event, and a document one line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s15_no_text_breaks_out_of_its_event() {
    let app = App::start().await;
    let device = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), device.id().await);
    let mut stream = device.listen().await;
    stream.expect("snapshot").await;
    let nasty = "a\r\n\r\nid: 9\nevent: goodbye\ndata: {}\n\n\0b\u{2028}c\u{2029}d\u{85}e\u{feff}\u{1f600}\r";
    let data = json!({ nasty: nasty, "plain": [nasty, { "deep": nasty }] });

    let mut changes = vec![kyc(&backend, &id, data.clone()).await];
    for kind in ["user.updated", "transaction.updated", "order.shipped"] {
        changes.push(publish(&backend, &id, kind, data.clone()).await);
    }

    for change in &changes {
        let event = stream.expect(change["type"].as_str().unwrap()).await;
        assert_eq!((&event.data, &event.data["data"]), (change, &data));
        assert_eq!(event.id.as_deref(), change["cursor"].as_str());
    }
    let mut fresh = device.listen().await;
    assert_eq!(fresh.expect("snapshot").await.data["user"]["kyc"], data);
    assert_eq!(device.me().await["attributes"], data);
}
