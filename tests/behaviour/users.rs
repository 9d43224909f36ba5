//! The users that a backend brings, changes, reads, and removes.

use super::support::{App, Device, PASSWORD, kyc, soon};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The types of a user's changes, oldest first, each with its data.
async fn history(app: &App, tenant: &str, id: &str) -> Vec<(String, Value)> {
    let changes = user(app, tenant, id).get("/v1/me/changes").await.expect(200).body;
    let changes = changes["changes"].as_array().unwrap().clone();
    let told = |one: &Value| (one["type"].as_str().unwrap().to_owned(), one["data"].clone());
    changes.iter().map(told).collect()
}

/// A device of a user that a backend brought.
fn user(app: &App, tenant: &str, id: &str) -> Device {
    let token = app.command(&["token", "--user", id, "--tenant", tenant]);
    app.device().with_bearer(&token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_made_and_then_changed_by_what_differs() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let said = json!({ "email": "Ana@Example.com", "attributes": { "plan": "free", "seats": 1 } });

    let made = backend.put("/v1/users/ana", &said).await.expect(201);
    let mut tab = user(&app, "acme", "ana").listen().await;
    tab.expect("snapshot").await;
    let same = backend.put("/v1/users/ana", &said).await.expect(200);
    let checked = json!({ "kyc": { "status": "approved" } });
    let checked = backend.put("/v1/users/ana", &checked).await.expect(200).body;
    let several = json!({ "kyc": { "level": 2 }, "attributes": { "plan": "pro", "seats": null } });
    let several = backend.put("/v1/users/ana", &several).await.expect(200).body;
    let verified = json!({ "email_verified": true, "attributes": { "plan": "max" } });
    let verified = backend.put("/v1/users/ana", &verified).await.expect(200).body;
    let unverified = backend.put("/v1/users/ana", &json!({ "email_verified": false })).await;

    assert_eq!(made.header("etag"), format!("\"{}\"", made.body["cursor"].as_str().unwrap()));
    assert_eq!((&made.body["id"], &made.body["email"]), (&json!("ana"), &json!("Ana@Example.com")));
    assert_eq!(same.body, made.body, "no version where nothing differs");
    assert_eq!(several["kyc"], json!({ "status": "approved", "level": 2 }));
    assert_eq!(several["attributes"], json!({ "plan": "pro" }));
    assert_eq!(verified["email_verified"], true);
    assert_eq!(unverified.expect(200).body["email_verified_at"], Value::Null);
    for (kind, user) in
        [("kyc.updated", &checked), ("user.updated", &several), ("email.verified", &verified)]
    {
        assert_eq!(&tab.expect(kind).await.data["user"], user);
    }
    let told = history(&app, "acme", "ana").await;
    let expected = [
        ("user.created", said),
        ("kyc.updated", json!({ "kyc": { "status": "approved" } })),
        (
            "user.updated",
            json!({ "kyc": { "level": 2 }, "attributes": { "plan": "pro", "seats": null } }),
        ),
        ("email.verified", json!({ "email_verified": true, "attributes": { "plan": "max" } })),
        ("user.updated", json!({ "email_verified": false })),
    ];
    assert_eq!(told, expected.map(|(kind, data)| (kind.to_owned(), data)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_said_of_a_user_changes_nothing() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let known = json!({ "email": "ana@example.com", "attributes": { "a": "x".repeat(9_000) } });
    let known = backend.put("/v1/users/ana", &known).await.expect(201).body;
    let verified = json!({ "email": "bob@example.com", "email_verified": true });
    backend.put("/v1/users/bob", &verified).await.expect(201);

    for (body, status, code) in [
        (json!({ "kyc": null }), 422, "bad_member"),
        (json!({ "attributes": null, "email": "new@example.com" }), 422, "bad_member"),
        (json!({ "kyc": [] }), 422, "bad_member"),
        (json!({ "email_verified": null }), 422, "bad_member"),
        (json!({ "email": 1 }), 422, "bad_member"),
        (json!({ "admin": true }), 422, "bad_member"),
        (json!({ "email": "ana@" }), 422, "bad_email"),
        (
            json!({ "email": "new@example.com", "kyc": { "a": "x".repeat(17_000) } }),
            413,
            "too_large",
        ),
        (json!({ "attributes": { "b": "x".repeat(9_000) }, "kyc": { "a": 1 } }), 413, "too_large"),
        (json!({ "email": " BOB@example.com" }), 409, "email_taken"),
        (json!({ "email": null, "email_verified": true }), 409, "no_email"),
    ] {
        backend.put("/v1/users/ana", &body).await.expect_problem(status, code);
    }

    assert_eq!(backend.get("/v1/users/ana").await.expect(200).body, known);
    backend.get("/v1/users/eve").await.expect_problem(404, "not_found");
    let elsewhere = app.backend("other").put("/v1/users/bob", &verified).await.expect(201);
    assert_eq!(elsewhere.body["email_verified"], true, "an address is a tenant's own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_made_to_the_state_its_writer_has_seen() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let put = async |tag: &str, body: Value| {
        let request = backend.request(Method::PUT, "/v1/users/ana").header("if-match", tag);
        backend.send(request.json(&body)).await
    };
    put("*", json!({})).await.expect_problem(412, "precondition_failed");
    backend.put("/v1/users/ana", &json!({})).await.expect(201);
    let first = backend.get("/v1/users/ana").await.expect(200).header("etag").to_owned();

    let second = put(&first, json!({ "kyc": { "step": 2 } })).await.expect(200);

    let second = second.header("etag").to_owned();
    for stale in [&first, &format!("W/{second}"), "\"x\"", "", second.trim_matches('"')] {
        put(stale, json!({ "kyc": { "step": 9 } }))
            .await
            .expect_problem(412, "precondition_failed");
    }
    let several = format!("{first}, {second}");
    let third = put(&several, json!({ "kyc": { "step": 3 } })).await.expect(200);
    put("*", json!({ "kyc": { "step": 4 } })).await.expect(200);
    let seen = backend.request(Method::GET, "/v1/users/ana");
    let seen = backend.send(seen.header("if-none-match", third.header("etag"))).await.expect(200);
    assert_eq!(seen.body["kyc"], json!({ "step": 4 }));
    let same = backend.request(Method::GET, "/v1/users/ana");
    backend.send(same.header("if-none-match", seen.header("etag"))).await.expect(304);
    let delete = |tag: &str| {
        backend.send(backend.request(Method::DELETE, "/v1/users/ana").header("if-match", tag))
    };
    delete(&second).await.expect_problem(412, "precondition_failed");
    delete(seen.header("etag")).await.expect(204);
    delete("*").await.expect_problem(404, "not_found");
}

/// S06: however a path spells a user, it is that user, and no spelling reaches another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_a_user_is_the_same_however_the_path_spells_it() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let id = "auth0|Ana_1.x~y:z@a-b";

    let made = backend.put("/v1/users/auth0%7CAna_1.x~y:z%40a-b", &json!({})).await.expect(201);

    assert_eq!(made.body["id"], id);
    for spelled in
        ["auth0%7cAna_1.x%7Ey%3Az@a%2Db", "auth0|Ana_1.x~y:z@a-b", "%61uth0%7CAna_1%2Ex~y:z@a-b"]
    {
        let path = format!("/v1/users/{spelled}");
        let change = kyc(&backend, spelled, json!({ "spelled": spelled })).await;
        assert_eq!(backend.get(&path).await.expect(200).body, change["user"]);
        assert_eq!(change["user"]["id"], id);
        backend.put(&path, &json!({})).await.expect(200);
    }
    for other in ["AUTH0|ana_1.x~y:z@a-b", "auth0%257CAna_1.x~y:z@a-b", "auth0|Ana_1.x~y:z@a-b%00"]
    {
        backend.get(&format!("/v1/users/{other}")).await.expect_problem(404, "not_found");
    }
    for bad in
        ["a%2Fb", "%2e", "%2E%2e", "a%20b", "a%0Ab", "%C3%BC", &"x".repeat(129), "a+b", "a;b"]
    {
        let path = format!("/v1/users/{bad}");
        let refused = backend.put(&path, &json!({})).await;
        assert!([404, 422].contains(&refused.status.as_u16()), "{bad}: {}", refused.text);
        backend.get(&path).await.expect_problem(404, "not_found");
        backend.delete(&path).await.expect_problem(404, "not_found");
    }
    for odd in ["/v1/users//", "/v1//users/ana", "/V1/users/ana", "/v1/users/ana/", "/v1/Users/ana"]
    {
        backend.put(odd, &json!({})).await.expect_problem(404, "not_found");
    }
    let all = backend.get("/v1/users").await.expect(200).body;
    assert_eq!(all["users"].as_array().unwrap().len(), 1);
}

/// S06: a client's library would tidy these paths away, and call something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s06_dots_in_a_path_lead_to_no_user_and_to_no_other_call() {
    let app = App::start().await;
    let key = app.command(&["keys", "create", "--name", "tests"]);
    let status = async |line: &str| {
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon("an answer", socket.read_to_string(&mut answer)).await.unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };

    for id in ["..", ".", "%2e%2e", "%2E", ".%2e"] {
        assert_eq!(status(&format!("GET /v1/users/{id}")).await, "404", "{id}");
        assert_eq!(status(&format!("DELETE /v1/users/{id}")).await, "404", "{id}");
        assert_eq!(status(&format!("PUT /v1/users/{id}")).await, "422", "{id}");
        let event = status(&format!("POST /v1/users/{id}/events")).await;
        assert!(["404", "422"].contains(&event.as_str()), "{id}: {event}");
    }
    assert_eq!(status("GET /v1/users/../users").await, "404");
    assert_eq!(status("PUT /v1/users/a").await, "201");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_user_is_gone_from_every_device() {
    let app = App::start().await;
    let (backend, ana) = (app.backend("default"), app.signed_up("ana@example.com").await);
    let id = ana.id().await;
    let path = format!("/v1/users/{id}");
    let program = ana.with_bearer(&ana.token("ana@example.com").await);
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let parked = program.poll(&format!("after={}&wait=30", ana.cursor().await));
    app.parked(&ana, 1).await;
    app.backend("acme").delete(&path).await.expect_problem(404, "not_found");

    backend.delete(&path).await.expect(204);

    assert_eq!(tab.news().await.unwrap().data["code"], "user_deleted");
    soon("the poll", parked).await.unwrap().expect_problem(401, "invalid_token");
    for device in [&ana, &program] {
        device.get("/v1/me").await.expect_problem(401, "invalid_token");
    }
    backend.get(&path).await.expect_problem(404, "not_found");
    backend.delete(&path).await.expect_problem(404, "not_found");
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    app.device().post("/v1/sessions", &login).await.expect_problem(401, "invalid_credentials");
    app.signed_up("ana@example.com").await;
}

/// S04: with another address the account keeps its password and its devices, and what was mailed to
/// the old address opens nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_another_address_keeps_the_password_and_ends_the_old_mails() {
    let app = App::start().await;
    let (backend, ana) = (app.backend("default"), app.signed_up("ana@example.com").await);
    let (old_link, old_code) =
        (app.link("ana@example.com").await, app.code("ana@example.com").await);
    app.device().press(&old_link).await.expect(200);
    let path = format!("/v1/users/{}", ana.id().await);
    // Somebody else has a password at the new address, and so a salt.
    app.signed_up("ana@new.example").await;
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;

    let request = backend.request(Method::PUT, &path).header("accept-language", "de");
    let moved = request.json(&json!({ "email": "Ana@new.example" }));
    let moved = backend.send(moved).await.expect(200).body;

    let changed = tab.expect("email.changed").await.data;
    assert_eq!(changed["data"], json!({ "email": "Ana@new.example", "email_verified": false }));
    assert_eq!((&changed["user"], &ana.me().await), (&moved, &moved));
    let told = app.mails("ana@example.com", 2).await;
    assert_eq!(told[0]["subject"], "Ihr Konto hat jetzt eine andere Adresse");
    assert!(!told[0].to_string().contains("new.example"), "the new address is nobody's business");
    app.device().get(&old_link).await.expect(404);
    let typed = json!({ "code": old_code });
    ana.post("/v1/verifications/confirm", &typed).await.expect_problem(422, "wrong_code");
    assert_eq!(ana.post("/v1/verifications", &json!({})).await.status, 429, "the sign-up's counts");
    let old = json!({ "email": "ana@example.com", "password": PASSWORD });
    app.device().post("/v1/sessions", &old).await.expect_problem(401, "invalid_credentials");
    let phone = app.device();
    // Both accounts have the same password; the one whose own salt it is opens as well.
    phone.log_in("ana@new.example", PASSWORD).await;

    backend.put(&path, &json!({ "email_verified": true })).await.expect(200);

    assert_eq!(tab.expect("email.verified").await.data["user"]["email"], "Ana@new.example");
    let phone = app.device();
    phone.log_in("ana@new.example", PASSWORD).await;
    assert_eq!(phone.me().await, ana.me().await, "the rival is gone");
    let change = json!({ "current_password": PASSWORD, "password": "green teapot hums" });
    phone.put("/v1/me/password", &change).await.expect(204);
    app.device().log_in("ana@new.example", "green teapot hums").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_found_page_by_page_and_by_address() {
    let app = App::start().await;
    let backend = app.backend("acme");
    for (id, email) in [("c", "ana@x.example"), ("a", "bob@x.example"), ("b", "ANA@x.example")] {
        backend.put(&format!("/v1/users/{id}"), &json!({ "email": email })).await.expect(201);
    }
    app.backend("other").put("/v1/users/aa", &json!({})).await.expect(201);
    let list = async |query: &str| {
        let page = backend.get(&format!("/v1/users{query}")).await.expect(200).body;
        let ids = page["users"].as_array().unwrap().iter().map(|user| user["id"].clone());
        (ids.collect::<Value>(), page["next"].clone())
    };

    assert_eq!(list("").await, (json!(["a", "b", "c"]), Value::Null));
    assert_eq!(list("?limit=2").await, (json!(["a", "b"]), json!("b")));
    assert_eq!(list("?limit=2&after=b").await, (json!(["c"]), Value::Null));
    assert_eq!(list("?email=%20Ana@X.example&limit=1").await, (json!(["b"]), json!("b")));
    assert_eq!(list("?email=ana@x.example&limit=1&after=b").await, (json!(["c"]), Value::Null));
    assert_eq!(list("?email=nobody@x.example").await, (json!([]), Value::Null));
    for bad in ["?limit=0", "?limit=101", "?email=x", "?email=", "?after=a%20b", "?after="] {
        let refused = backend.get(&format!("/v1/users{bad}")).await;
        refused.expect_problem(400, "bad_parameter");
    }
    app.device().get("/v1/users").await.expect_problem(401, "unauthenticated");
    let ana = app.signed_up("ana@example.com").await;
    ana.get("/v1/users").await.expect_problem(403, "wrong_caller");
    let off = App::with(&["--accounts", "off"]).await;
    off.backend("acme").get("/v1/users").await.expect(200);
    off.device().post("/v1/users", &json!({})).await.expect_problem(405, "method_not_allowed");
}

/// I2, I7, and I9: members said together are never seen apart, no state goes back, and who reads
/// after an answer reads what was answered, or later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_together_is_seen_together_in_order_and_at_once() {
    let app = App::start().await;
    let backend = app.backend("acme");
    backend.put("/v1/users/ana", &json!({})).await.expect(201);
    let mut tab = user(&app, "acme", "ana").listen().await;
    tab.expect("snapshot").await;
    let version = |user: &Value| -> u64 {
        user["cursor"].as_str().unwrap().split_once('.').unwrap().1.parse().unwrap()
    };
    let whole = |user: &Value| user["kyc"]["n"] == user["attributes"]["n"];

    let writers = (0..4).map(|writer| {
        let backend = backend.clone();
        async move {
            for round in 0..10 {
                let n = json!({ "n": writer * 100 + round });
                let put = backend.put("/v1/users/ana", &json!({ "kyc": n, "attributes": n })).await;
                let (put, read) = (put.expect(200).body, backend.get("/v1/users/ana").await.body);
                assert!(whole(&put) && whole(&read));
                assert!(version(&read) >= version(&put));
            }
        }
    });
    futures_util::future::join_all(writers).await;

    for expected in 2..=41 {
        let event = tab.news().await.unwrap();
        let user = &event.data["user"];
        let user = if user["cursor"].is_string() { user } else { &event.data };
        assert_eq!(version(user), expected, "{}", event.name);
        assert!(whole(user), "{user}");
    }
}
