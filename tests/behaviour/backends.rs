//! Calls that are carried out once, many at a time, and for others: what a backend relies on.

use super::support::{Answer, App, Device, kyc, publish, soon, until};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Sends a body under a key.
async fn keyed(backend: &Device, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let request = backend.request(method, path).header("idempotency-key", key);
    backend.send(request.json(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_a_call_with_a_key_is_carried_out_once() {
    let app = App::with_held_clock(&[]).await;
    let backend = app.backend("acme");
    backend.put("/v1/users/ana", &json!({})).await.expect(201);
    backend.put("/v1/users/bob", &json!({})).await.expect(201);
    let (path, put) = ("/v1/users/ana/events", Method::PUT);
    let event = json!({ "type": "order.shipped", "data": { "order": 7, "to": "ana" } });
    let post = async |path: &str, key: &str, body: &Value| {
        keyed(&backend, Method::POST, path, key, body).await
    };

    let answers = join_all((0..10).map(|_| post(path, "k-1", &event))).await;
    kyc(&backend, "ana", json!({ "later": true })).await;
    app.advance(Duration::from_hours(23));
    let again = post(path, "k-1", &event).await;

    let first = answers[0].clone().expect(201);
    for answer in answers.iter().chain([&again]) {
        assert_eq!((answer.status, &answer.text), (first.status, &first.text));
    }
    let ana = backend.get("/v1/users/ana").await.expect(200);
    assert!(ana.body["cursor"].as_str().unwrap().ends_with(".3"), "{}", ana.text);
    let other = json!({ "type": "order.shipped", "data": { "order": 8, "to": "ana" } });
    let mismatch = "idempotency_mismatch";
    post(path, "k-1", &other).await.expect_problem(422, mismatch);
    post("/v1/users/bob/events", "k-1", &event).await.expect_problem(422, mismatch);
    keyed(&backend, put, "/v1/users/ana", "k-1", &json!({})).await.expect_problem(422, mismatch);
    let deliver = json!({ "deliver": false });
    post("/v1/users/ana/verifications", "k-1", &deliver).await.expect_problem(422, mismatch);
    let theirs = app.backend("other");
    theirs.put("/v1/users/ana", &json!({})).await.expect(201);
    keyed(&theirs, Method::POST, path, "k-1", &other).await.expect(201);
    for bad in ["", "a b", &"x".repeat(256)] {
        post(path, bad, &event).await.expect_problem(400, "bad_idempotency_key");
    }
    app.advance(Duration::from_secs(3601));
    post(path, "k-1", &other).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_only_what_was_done_is_remembered_under_a_key() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let event = json!({ "type": "a.b", "data": {} });
    let said = json!({ "email": "ana@example.com", "kyc": { "step": 1 } });
    let (post, put) = (Method::POST, Method::PUT);
    let events = "/v1/users/ana/events";
    keyed(&backend, post.clone(), events, "k", &event).await.expect_problem(404, "not_found");

    let made = keyed(&backend, put.clone(), "/v1/users/ana", "k", &said).await.expect(201);
    kyc(&backend, "ana", json!({ "step": 2 })).await;
    let again = keyed(&backend, put, "/v1/users/ana", "k", &said).await.expect(201);
    let links = "/v1/users/ana/verifications";
    let link = keyed(&backend, post.clone(), links, "l", &json!({ "deliver": false })).await;
    let same = keyed(&backend, post.clone(), links, "l", &json!({ "deliver": false })).await;

    assert_eq!((&again.text, again.header("etag")), (&made.text, made.header("etag")));
    assert_eq!(backend.get("/v1/users/ana").await.body["kyc"], json!({ "step": 2 }));
    assert_eq!(link.expect(201).text, same.expect(201).text);
    backend.delete("/v1/users/ana").await.expect(204);
    backend.put("/v1/users/ana", &json!({})).await.expect(201);
    keyed(&backend, post, events, "k", &event).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_late_news_does_not_bring_a_state_back() {
    let app = App::start().await;
    let (backend, ana) = (app.backend("default"), app.signed_up("ana@example.com").await);
    let id = ana.id().await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let pending = json!({ "type": "kyc.updated", "data": { "status": "pending" } });
    let path = format!("/v1/users/{id}/events");
    keyed(&backend, Method::POST, &path, "1", &pending).await.expect(201);
    kyc(&backend, &id, json!({ "status": "approved" })).await;

    keyed(&backend, Method::POST, &path, "1", &pending).await.expect(201);

    kyc(&backend, &id, json!({ "checked": true })).await;
    let seen: Vec<Value> = [
        tab.expect("kyc.updated").await,
        tab.expect("kyc.updated").await,
        tab.expect("kyc.updated").await,
    ]
    .map(|event| event.data["user"]["kyc"]["status"].clone())
    .into();
    assert_eq!(seen, ["pending", "approved", "approved"], "a repetition is no event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_are_answered_one_by_one() {
    let app = App::start().await;
    let (backend, ana) = (app.backend("default"), app.signed_up("ana@example.com").await);
    app.backend("acme").put("/v1/users/theirs", &json!({})).await.expect(201);
    let id = ana.id().await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let row = |kind: &str, data: Value| json!({ "user_id": id, "type": kind, "data": data });
    let with = |name: &str, value: Value| {
        let mut row = row("a.b", json!({}));
        row[name] = value;
        row
    };
    let rows = json!({ "events": [
        row("kyc.updated", json!({ "status": "pending" })),
        row("email.verified", json!({})),
        row("Bad", json!({})),
        with("user_id", json!("nobody")),
        with("user_id", json!("theirs")),
        with("user_id", json!("a b")),
        with("data", json!([])),
        with("more", json!(1)),
        json!("row"),
        row("user.updated", json!({ "x": "x".repeat(17_000) })),
        with("idempotency_key", json!("a b")),
        with("idempotency_key", json!("k")),
        with("idempotency_key", json!("k")),
        row("kyc.updated", json!({ "status": "approved" })),
    ] });

    let answer = backend.post("/v1/events", &rows).await.expect(200).body;

    let results = answer["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|row| (row["status"].as_u64().unwrap(), row["code"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        (201, ""),
        (422, "reserved_type"),
        (422, "bad_type"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "not_found"),
        (422, "bad_member"),
        (422, "bad_member"),
        (422, "bad_member"),
        (413, "too_large"),
        (400, "bad_idempotency_key"),
        (201, ""),
        (201, ""),
        (201, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(results[11], results[12]);
    for (kind, place) in [("kyc.updated", 0), ("a.b", 11), ("kyc.updated", 13)] {
        assert_eq!(tab.expect(kind).await.data, results[place]["change"]);
    }
    assert_eq!(ana.me().await, results[13]["change"]["user"]);
    assert!(results[1]["detail"].is_string() && results[1].get("change").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_large_changes_are_one_call_and_one_more_is_too_many() {
    let app = App::start().await;
    let backend = app.backend("acme");
    for user in 0..4 {
        backend.put(&format!("/v1/users/u{user}"), &json!({})).await.expect(201);
    }
    let row = |number: usize| {
        let data = json!({ "number": number, "x": "x".repeat(16_000) });
        json!({ "user_id": format!("u{}", number % 4), "type": "a.b", "data": data })
    };
    let rows = |count| json!({ "events": (0..count).map(row).collect::<Vec<_>>() });

    let answer = backend.post("/v1/events", &rows(100)).await.expect(200).body;

    let results = answer["results"].as_array().unwrap();
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["change"]["data"]["number"], number);
        let version = format!(".{}", number / 4 + 2);
        assert!(result["change"]["cursor"].as_str().unwrap().ends_with(&version), "in order");
    }
    assert_eq!(results.len(), 100);
    backend.post("/v1/events", &rows(101)).await.expect_problem(422, "too_many_events");
    let none = backend.post("/v1/events", &json!({ "events": [] })).await.expect(200);
    assert_eq!(none.body, json!({ "results": [] }));
    let large = json!({ "events": ["x".repeat(2 * 1024 * 1024)] });
    backend.post("/v1/events", &large).await.expect_problem(413, "too_large");
    let single = json!({ "type": "a.b", "data": { "x": "x".repeat(70_000) } });
    backend.post("/v1/users/u0/events", &single).await.expect_problem(413, "too_large");
    for bad in [json!({}), json!({ "events": {} }), json!({ "events": [], "more": 1 })] {
        backend.post("/v1/events", &bad).await.expect_problem(422, "bad_member");
    }
    let ana = app.signed_up("ana@example.com").await;
    ana.post("/v1/events", &rows(1)).await.expect_problem(403, "wrong_caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_gets_a_link_and_a_code_for_its_own_mail() {
    let app = App::with_held_clock(&[]).await;
    let backend = app.backend("acme");
    for (id, email) in [("ana", json!("ana@example.com")), ("none", Value::Null)] {
        backend.put(&format!("/v1/users/{id}"), &json!({ "email": email })).await.expect(201);
    }
    let token = app.command(&["token", "--user", "ana", "--tenant", "acme"]);
    let ana = app.device().with_bearer(&token);
    let path = "/v1/users/ana/verifications";
    let (hand_over, deliver) = (json!({ "deliver": false }), json!({ "deliver": true }));

    let first = backend.post(path, &hand_over).await.expect(201);
    let second = backend.post(path, &hand_over).await.expect(201).body;

    assert_eq!(first.header("cache-control"), "no-store");
    let members: Vec<_> = first.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["link", "code", "expires_at"]);
    assert_eq!(app.device().get("/dev/inbox.json").await.body, json!([]), "nobody is mailed");
    let link = |body: &Value| body["link"].as_str().unwrap().replace(&app.url(""), "");
    app.device().get(&link(&first.body)).await.expect(200);
    let typed = json!({ "code": second["code"] });
    ana.post("/v1/verifications/confirm", &typed).await.expect(200);
    assert_eq!(ana.me().await["email_verified"], true);
    app.device().press(&link(&first.body)).await.expect(200);
    let already = backend.post(path, &deliver).await.expect(200);
    assert_eq!(already.body, json!({ "already": true }));
    let nowhere = backend.post("/v1/users/none/verifications", &hand_over).await;
    nowhere.expect_problem(409, "no_email");
    let nobody = backend.post("/v1/users/nobody/verifications", &hand_over).await;
    nobody.expect_problem(404, "not_found");
    app.backend("other").post(path, &hand_over).await.expect_problem(404, "not_found");
    for bad in [json!({}), json!({ "deliver": "yes" }), json!({ "deliver": true, "to": "x" })] {
        backend.post(path, &bad).await.expect_problem(422, "bad_member");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_has_a_mail_sent_as_often_as_its_user_could() {
    let app = App::with_held_clock(&[]).await;
    let backend = app.backend("acme");
    for id in ["ana", "bob"] {
        let said = json!({ "email": "ana@example.com" });
        backend.put(&format!("/v1/users/{id}"), &said).await.expect(201);
    }
    let ask = |id: &'static str| {
        let request = backend.request(Method::POST, &format!("/v1/users/{id}/verifications"));
        let request = request.header("accept-language", "de-AT,de");
        backend.send(request.json(&json!({ "deliver": true })))
    };

    let sent = ask("ana").await.expect(201).body;

    assert_eq!(sent.as_object().unwrap().keys().collect::<Vec<_>>(), ["expires_at"]);
    let mails = app.mails("ana@example.com", 1).await;
    assert!(mails[0]["text"].as_str().unwrap().contains("Uhr (UTC)"), "in German: {}", mails[0]);
    let wait = ask("ana").await.expect_problem(429, "too_many_requests");
    assert_eq!(wait.header("retry-after"), "60");
    for _ in 0..4 {
        ask("bob").await.expect(201);
        app.advance(Duration::from_mins(1));
    }
    let full = ask("ana").await.expect_problem(429, "too_many_requests");
    assert_eq!(full.header("retry-after"), (3600 - 240).to_string(), "the address had its five");
    assert_eq!(app.mails("ana@example.com", 5).await.len(), 5);
    app.device().press(&app.link("ana@example.com").await).await.expect(200);
    assert_eq!(backend.get("/v1/users/bob").await.body["email_verified"], true);
    app.advance(Duration::from_hours(1));
    let lost = backend.get("/v1/users/ana").await.expect(200).body;
    assert_eq!(lost["email"], Value::Null);
    ask("ana").await.expect_problem(409, "no_email");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_sees_who_is_connected_and_sends_them_away() {
    let app = App::start().await;
    let (backend, ana) = (app.backend("default"), app.signed_up("ana@example.com").await);
    let id = ana.id().await;
    let path = format!("/v1/users/{id}/connections");
    let program = app.device().with_bearer(&app.command(&["token", "--user", &id]));
    let mut tabs = [ana.listen().await, ana.listen().await, program.listen().await];
    for tab in &mut tabs {
        tab.expect("snapshot").await;
    }
    let parked = ana.poll(&format!("after={}&wait=30", ana.cursor().await));
    app.parked(&ana, 1).await;

    let seen = backend.get(&path).await.expect(200);
    app.backend("acme").delete(&path).await.expect_problem(404, "not_found");
    backend.delete(&path).await.expect(204);

    let session = &ana.get("/v1/sessions").await.body["sessions"][0]["id"];
    assert_eq!(
        seen.body,
        json!({ "streams": 3, "polls": 1, "by_session": [
            { "session_id": null, "streams": 1, "polls": 0 },
            { "session_id": session, "streams": 2, "polls": 1 },
        ] })
    );
    for tab in &mut tabs {
        let goodbye = tab.news().await.unwrap();
        assert_eq!(
            (&goodbye.data["code"], &goodbye.data["reconnect"]),
            (&json!("disconnected"), &json!(false))
        );
        assert!(tab.next().await.is_none());
    }
    soon("the poll", parked).await.unwrap().expect(204);
    let nobody = json!({ "streams": 0, "polls": 0, "by_session": [] });
    until("they are gone", async || backend.get(&path).await.body == nobody).await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    publish(&backend, &id, "order.shipped", json!({})).await;
    tab.expect("order.shipped").await;
    for unknown in ["nobody", "a%20b"] {
        let path = format!("/v1/users/{unknown}/connections");
        backend.get(&path).await.expect_problem(404, "not_found");
        backend.delete(&path).await.expect_problem(404, "not_found");
    }
}
