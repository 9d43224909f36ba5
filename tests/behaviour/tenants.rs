//! Tenants: applications that share the service, and nothing else.

use super::support::{Answer, App, Device, Listening, PASSWORD, until};
use afterclick::model::UserRef;
use reqwest::Method;
use serde_json::{Value, json};

const ACME: &str = "https://app.acme.example";

/// A GET as a page of `origin` makes it.
async fn get_from(device: &Device, origin: &str, path: &str) -> Answer {
    device.send(device.request(Method::GET, path).header("origin", origin)).await
}

/// A device with a token of `tenant`'s user `id`.
fn user(app: &App, tenant: &str, id: &str) -> Device {
    let token = app.command(&["token", "--tenant", tenant, "--user", id]);
    app.device().with_bearer(&token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_takes_a_tenants_settings() {
    let app = App::start().await;
    app.signed_up("ana@example.com").await;
    let link = app.link("ana@example.com").await;
    assert!(app.device().get(&link).await.text.contains("Afterclick</title>"));

    app.command(&["tenants", "set", "default", "product=Acme Pay", "accent=#0b5fff"]);

    until("the tenant's page", async || {
        app.device().get(&link).await.text.contains("Acme Pay</title>")
    })
    .await;
    let page = app.device().get(&link).await;
    let (_, sheet) = page.text.split_once("href=\"/accent/").unwrap();
    let sheet = format!("/accent/{}", sheet.split('"').next().unwrap());
    let sheet = app.device().get(&sheet).await.expect(200);
    assert!(sheet.text.contains("--deed: #0b5fff;"), "{}", sheet.text);
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    app.signed_up("bob@example.com").await;
    let mail = &app.mails("bob@example.com", 1).await[0];
    assert!(mail["text"].as_str().unwrap().contains("signed up at Acme Pay"), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains("#0b5fff"));
    app.command(&["tenants", "set", "default", "product=", "accent="]);
    until("the usual page", async || {
        app.device().get(&link).await.text.contains("Afterclick</title>")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colour_that_nobody_could_read_is_none() {
    let app = App::start().await;

    for path in ["/accent/ffff00.css", "/accent/0b5fff", "/accent/x.css", "/accent/0b5fff.css.css"]
    {
        app.device().get(path).await.expect_problem(404, "not_found");
    }
    let refused = app.try_command(&["tenants", "set", "default", "accent=#ffff00"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_pages_may_call_and_bring_no_cookie_of_anothers() {
    let app = App::start().await;
    let ana = app.signed_up("ana@example.com").await;
    let own = user(&app, "acme", "ana");
    let allowed = async || {
        let answer = get_from(&own, ACME, "/v1/me").await.expect(200);
        answer.header("access-control-allow-origin") == ACME
    };
    assert!(!allowed().await);

    app.command(&["tenants", "create", "acme", &format!("client-url={ACME}")]);

    until("the tenant's page", allowed).await;
    let refused = get_from(&ana, ACME, "/v1/me").await;
    refused.expect_problem(403, "cross_site");
    get_from(&ana, ACME, "/v1/me?ticket=x").await.expect_problem(403, "cross_site");
    let ticket = own.post("/v1/stream-tickets", &json!({})).await.expect(201).body;
    let stream = format!("/v1/stream?ticket={}", ticket["ticket"].as_str().unwrap());
    let stream = ana.request(Method::GET, &stream).header("origin", ACME);
    let first = Listening::open(stream).await.expect("snapshot").await;
    assert_eq!(first.data["user"]["id"], "ana", "a ticket is its holder's own, cookie or not");
    get_from(&ana, &app.url(""), "/v1/me").await.expect(200);
    let log_in = ana
        .request(Method::POST, "/v1/sessions")
        .header("origin", ACME)
        .json(&json!({ "email": "ana@example.com", "password": PASSWORD }));
    ana.send(log_in).await.expect_problem(403, "cross_site");

    app.command(&["tenants", "set", "acme", "client-url="]);
    app.command(&["tenants", "set", "default", &format!("client-url={ACME}")]);
    until("the other tenant's page", async || get_from(&ana, ACME, "/v1/me").await.status == 200)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_has_limits_and_a_history_of_its_own() {
    let app = App::start().await;
    let (acme, usual) = (user(&app, "acme", "ana"), user(&app, "other", "ana"));
    let (first_cursor, usual_cursor) = (acme.cursor().await, usual.cursor().await);

    app.command(&["tenants", "create", "other"]);
    app.command(&["tenants", "create", "acme", "streams-per-user=1", "history=1"]);

    let ana = UserRef { tenant: "acme".parse().unwrap(), id: "ana".parse().unwrap() };
    until("the tenant's limit", async || {
        let _streams = (acme.listen().await, acme.listen().await);
        app.connections(&ana).streams == 1
    })
    .await;
    let mut oldest = acme.listen().await;
    oldest.expect("snapshot").await;
    acme.listen().await.expect("snapshot").await;
    assert_eq!(oldest.news().await.unwrap().data["code"], "too_many_streams");
    for (tenant, device, cursor, status) in
        [("acme", &acme, first_cursor, 410), ("other", &usual, usual_cursor, 200)]
    {
        let backend = app.backend(tenant);
        for step in 0..3 {
            let event = json!({ "type": "step.made", "data": { "step": step } });
            backend.post("/v1/users/ana/events", &event).await.expect(201);
        }
        device.get(&format!("/v1/me/changes?after={cursor}")).await.expect(status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_are_listed_with_what_is_theirs() {
    let app = App::start().await;
    app.command(&["tenants", "create", "acme", "product=Acme", "history=5/1d"]);
    app.backend("acme");
    app.backend("zoo");

    let listed = app.command(&["tenants", "list"]);

    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), ["acme", "zoo"]);
    assert_eq!((lines[0][2], lines[0][3]), ("1", "-"));
    let settings: Value = serde_json::from_str(lines[0][4]).unwrap();
    assert_eq!(
        settings,
        json!({ "product": "Acme", "history_changes": 5, "history_seconds": 86_400 })
    );
    assert_eq!(lines[1][4], "-");
    let again = app.try_command(&["tenants", "create", "acme"]);
    let unknown = app.try_command(&["tenants", "set", "nobody", "product=x"]);
    assert_eq!((again.status.code(), unknown.status.code()), (Some(1), Some(1)));
}
