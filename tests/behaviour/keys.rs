//! API keys: what each may do, when it was last used, and who did what with it.

use super::support::{App, Device, PASSWORD, until};
use reqwest::Method;
use serde_json::{Value, json};

fn backend(app: &App, scopes: &str) -> Device {
    let key = app.command(&["keys", "create", "--name", "tests", "--scope", scopes]);
    app.device().with_bearer(&key)
}

/// The columns of each line that a command prints.
pub fn lines(app: &App, command: &[&str]) -> Vec<Vec<String>> {
    let printed = app.command(command);
    let columns = |line: &str| line.split('\t').map(str::to_owned).collect();
    printed.lines().map(columns).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let path = format!("/v1/users/{}/events", ana.id().await);
    let event = json!({ "type": "kyc.updated", "data": { "status": "approved" } });

    for scopes in ["read", "admin", "read,admin"] {
        let answer = backend(&app, scopes).post(&path, &event).await;
        let answer = answer.expect_problem(403, "insufficient_scope");
        assert!(answer.text.contains("publish"), "{}", answer.text);
    }
    assert_eq!(ana.me().await["kyc"], json!({}));
    backend(&app, "publish").post(&path, &event).await.expect(201);
    backend(&app, "admin,publish").post(&path, &event).await.expect(201);
    app.backend("default").post(&path, &event).await.expect(201);
    // Neither is it told of what is not there, nor of what it did wrong.
    let reader = backend(&app, "read");
    reader.post("/v1/users/nobody/events", &event).await.expect(403);
    reader.post(&path, &json!({ "x": 1 })).await.expect(403);
    reader.get("/v1/me").await.expect_problem(403, "wrong_caller");
    let wrong = app.try_command(&["keys", "create", "--name", "x", "--scope", "write"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_keys_says_what_each_may_do_and_when_it_was_used() {
    let app = App::start().await;
    let (used, unused) = (backend(&app, "publish,read"), backend(&app, "admin"));
    let _ = unused;

    used.get("/v1/me").await.expect(403);

    until("the use of the key", async || lines(&app, &["keys", "list"])[0][6] != "-").await;
    let listed = lines(&app, &["keys", "list"]);
    assert_eq!((listed[0][5].as_str(), listed[1][5].as_str()), ("read publish", "admin"));
    assert_eq!(listed[1][6], "-");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_each_act_on_keys_tenants_and_users_is_in_the_record() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let id = ana.id().await;
    app.command(&["keys", "create", "--name", "tests", "--tenant", "acme"]);
    let key = lines(&app, &["keys", "list"])[0][0].clone();
    app.command(&["keys", "revoke", &key]);
    app.command(&["tenants", "set", "acme", "product=Acme"]);
    app.command(&["token", "--tenant", "acme", "--user", "eve@acme.example"]);
    let change = ana
        .request(Method::PUT, "/v1/me/password")
        .header("x-request-id", "change-1")
        .json(&json!({ "current_password": PASSWORD, "password": "green kettle hums" }));
    ana.send(change).await.expect(204);
    let wrong = json!({ "current_password": PASSWORD, "password": "red kettle shouts" });
    ana.send(ana.request(Method::PUT, "/v1/me/password").json(&wrong)).await.expect(422);
    let leave = ana
        .request(Method::POST, "/v1/me/deletion")
        .header("x-request-id", "leave-1")
        .json(&json!({ "password": "green kettle hums" }));
    ana.send(leave).await.expect(204);

    let all = lines(&app, &["audit", "list"]);
    let seen: Vec<_> = all.iter().map(|line| line[1..].join(" ")).collect();
    assert_eq!(
        seen,
        [
            "acme command line tenant.created - -".to_owned(),
            format!("acme command line key.created {key} -"),
            format!("acme command line key.revoked {key} -"),
            "acme command line tenant.changed - -".to_owned(),
            "acme command line token.issued e••@acme.example#7d647c25 -".to_owned(),
            format!("default user password.changed {id} change-1"),
            format!("default user user.deleted {id} leave-1"),
        ]
    );
    assert_eq!(lines(&app, &["audit", "list", "--tenant", "default"]).len(), 2);
    assert_eq!(app.command(&["audit", "list", "--since", "0s"]), "");
    assert!(!app.command(&["audit", "list"]).contains("eve@"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_what_is_done_by_a_mailed_link_is_in_the_record_too() {
    let app = App::start().await;
    let (ana, bob) =
        (app.signed_up("ana@example.com").await, app.signed_up("bob@example.com").await);
    let (ana_id, bob_id) = (ana.id().await, bob.id().await);
    app.device().press(&app.link("ana@example.com").await).await.expect(200);

    ana.delete("/v1/sessions").await.expect(204);
    let deny = format!("{}/deny", app.link("bob@example.com").await);
    app.device().press(&deny).await.expect(200);
    app.device()
        .post("/v1/password-resets", &json!({ "email": "ana@example.com" }))
        .await
        .expect(202);
    app.mails("ana@example.com", 2).await;
    let link = app.link("ana@example.com").await;
    let token = link.rsplit('/').next().unwrap();
    let reset = json!({ "token": token, "password": "green kettle hums" });
    app.device().post("/v1/password-resets/confirm", &reset).await.expect(200);

    let seen: Vec<_> =
        lines(&app, &["audit", "list"]).iter().map(|line| line[2..5].join(" ")).collect();
    assert_eq!(
        seen,
        [
            format!("user sessions.ended {ana_id}"),
            format!("link user.deleted {bob_id}"),
            format!("link password.reset {ana_id}"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_what_a_backend_does_to_its_users_is_in_the_record_once() {
    let app = App::start().await;
    let backend = app.backend("acme");
    let key = lines(&app, &["keys", "list"])[0][0].clone();
    let put = async |body: &Value| {
        let request = backend.request(Method::PUT, "/v1/users/u1").json(body);
        backend.send(request.header("x-request-id", "put-1")).await
    };

    put(&json!({ "email": "eve@acme.example" })).await.expect(201);
    put(&json!({ "attributes": { "plan": "pro" } })).await.expect(200);
    // Nothing differs, nothing is done, and so nothing is written down.
    put(&json!({ "attributes": { "plan": "pro" } })).await.expect(200);
    let wanted = json!({ "deliver": false });
    for _ in 0..2 {
        let request = backend.request(Method::POST, "/v1/users/u1/verifications").json(&wanted);
        backend.send(request.header("idempotency-key", "once")).await.expect(201);
    }
    backend.delete("/v1/users/u1/connections").await.expect(204);
    backend.delete("/v1/users/nobody").await.expect(404);
    backend.delete("/v1/users/u1").await.expect(204);

    let acts = lines(&app, &["audit", "list", "--tenant", "acme"]);
    let by_key = acts.iter().filter(|line| line[2] == format!("key:{key}"));
    let seen: Vec<_> = by_key.clone().map(|line| line[3..5].join(" ")).collect();
    assert_eq!(
        seen,
        [
            "user.created u1",
            "user.changed u1",
            "verification.created u1",
            "connections.ended u1",
            "user.deleted u1",
        ]
    );
    assert!(by_key.take(2).all(|line| line[5] == "put-1"));
}
