//! S14: every call of the API, made by everybody there is. `/openapi.json` says which calls there
//! are: one that has no row in [`rows`] fails the test.

use super::support::{App, Device, PASSWORD, soon};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The callers, in the order in which they call and in which a row has their statuses. The users come
/// before the keys, which may delete them.
const CALLERS: [&str; 8] = [
    "nobody",
    "bob, of ana's tenant",
    "a user of another tenant",
    "ana",
    "another tenant's key",
    "a key to read",
    "a key to publish",
    "a key to administer",
];

/// Whom ana's canary may reach: herself, and her tenant's keys.
const TRUSTED: std::ops::RangeInclusive<usize> = 3..=7;
const STRANGERS_KEY: usize = 4;

/// A call, what it is sent, and what each of [`CALLERS`] is answered.
struct Row {
    method: &'static str,
    /// As the document has it: `{id}` is ana's, of whatever it is the id; `{token}` that of the link
    /// in her mail.
    path: &'static str,
    body: fn() -> Value,
    statuses: [u16; 8],
    /// Who holds the link, or develops with the inbox, sees what is in the mail.
    shows_mail: bool,
}

impl Row {
    fn sends(mut self, body: fn() -> Value) -> Self {
        self.body = body;
        self
    }

    fn shows_mail(mut self) -> Self {
        self.shows_mail = true;
        self
    }
}

fn row(call: &'static str, statuses: [u16; 8]) -> Row {
    let (method, path) = call.split_once(' ').unwrap();
    Row { method, path, body: || json!({}), statuses, shows_mail: false }
}

/// The same for everybody.
fn open(call: &'static str, status: u16) -> Row {
    row(call, [status; 8])
}

/// For users, of whom each meets only itself.
fn users(call: &'static str, bob: u16, other: u16, ana: u16) -> Row {
    row(call, [401, bob, other, ana, 403, 403, 403, 403])
}

/// For keys that have the scope; a key of another tenant has all scopes, and is answered `stranger`.
fn backends(call: &'static str, scope: &str, stranger: u16, status: u16) -> Row {
    let own = ["read", "publish", "admin"].map(|one| if one == scope { status } else { 403 });
    let [read, publish, admin] = own;
    row(call, [401, 403, 403, 403, stranger, read, publish, admin])
}

/// Every call there is.
fn rows() -> Vec<Row> {
    vec![
        open("GET /healthz", 200),
        open("GET /readyz", 200),
        open("GET /metrics", 200),
        open("GET /openapi.json", 200),
        open("GET /.well-known/jwks.json", 200),
        open("GET /docs", 308),
        open("GET /dev/inbox", 200).shows_mail(),
        open("GET /dev/inbox.json", 200).shows_mail(),
        open("POST /v1/users", 422).sends(|| json!({ "email": "x", "password": PASSWORD })),
        open("POST /v1/sessions", 401)
            .sends(|| json!({ "email": "nobody@example.com", "password": PASSWORD })),
        // Who has the cookie needs no refresh token.
        row("POST /v1/sessions/refresh", [401, 422, 422, 200, 403, 403, 403, 403]),
        users("GET /v1/sessions", 200, 200, 200),
        users("DELETE /v1/sessions", 204, 204, 204),
        users("DELETE /v1/sessions/current", 204, 409, 204),
        users("DELETE /v1/sessions/{id}", 404, 404, 204),
        open("POST /v1/password-resets", 202).sends(|| json!({ "email": "nobody@example.com" })),
        open("POST /v1/password-resets/confirm", 404)
            .sends(|| json!({ "token": "x", "password": PASSWORD })),
        users("PUT /v1/me/password", 204, 409, 204)
            .sends(|| json!({ "current_password": PASSWORD, "password": "red kettle hums" })),
        users("POST /v1/me/deletion", 204, 409, 204).sends(|| json!({ "password": PASSWORD })),
        open("GET /reset", 200),
        open("POST /reset", 422),
        // A mailed link to a new password is another than the one to verify with.
        open("GET /reset/{token}", 404),
        open("POST /reset/{token}", 404),
        users("GET /v1/me", 200, 200, 200),
        users("GET /v1/me/changes", 200, 200, 200),
        users("POST /v1/stream-tickets", 201, 201, 201),
        users("GET /v1/stream", 200, 200, 200),
        users("GET /v1/poll", 200, 200, 200),
        // The sign-up's mail is a moment old; whoever has no address gets none.
        users("POST /v1/verifications", 429, 409, 429),
        users("POST /v1/verifications/confirm", 422, 409, 422)
            .sends(|| json!({ "code": "000000" })),
        open("GET /v1/verifications/{token}", 200),
        open("GET /verify/{token}", 200).shows_mail(),
        open("POST /verify/{token}", 200).shows_mail(),
        // The first removes the account, and with it the link.
        row("POST /verify/{token}/deny", [200, 404, 404, 404, 404, 404, 404, 404]).shows_mail(),
        backends("POST /v1/users/{id}/events", "publish", 404, 201)
            .sends(|| json!({ "type": "kyc.updated", "data": { "status": "approved" } })),
        // Whose user it is, each tells of its own: another tenant may have a user of the same id.
        backends("GET /v1/users", "read", 200, 200),
        backends("GET /v1/users/{id}", "read", 404, 200),
        backends("PUT /v1/users/{id}", "publish", 201, 200),
        backends("DELETE /v1/users/{id}", "admin", 404, 204),
        backends("POST /v1/events", "publish", 200, 200).sends(|| json!({ "events": [] })),
        backends("POST /v1/users/{id}/verifications", "publish", 404, 201)
            .sends(|| json!({ "deliver": false })),
        backends("GET /v1/users/{id}/connections", "read", 404, 200),
        backends("DELETE /v1/users/{id}/connections", "admin", 404, 204),
    ]
}

/// Two users of one tenant, one of another, and keys; ana's document has a canary in every part.
struct Cast {
    callers: Vec<Device>,
    canary: String,
    user: String,
    session: String,
    token: String,
}

impl Cast {
    async fn draw(app: &App, keys: &[Device]) -> Self {
        let canary = Uuid::new_v4().simple().to_string();
        let email = format!("ana-{canary}@example.com");
        let ana = app.signed_up(&email).await;
        let user = ana.id().await;
        let document = json!({ "type": "kyc.updated", "data": { "canary": canary } });
        keys[2].post(&format!("/v1/users/{user}/events"), &document).await.expect(201);
        let document = json!({ "type": "user.updated", "data": { "canary": canary } });
        keys[2].post(&format!("/v1/users/{user}/events"), &document).await.expect(201);
        let sessions = ana.get("/v1/sessions").await.expect(200).body;
        let link = app.link(&email).await;
        let bob = format!("bob-{}@example.com", Uuid::new_v4().simple());
        app.device().sign_up(&bob, PASSWORD).await;
        let bob = app.device().token(&bob).await;
        let eve = format!("eve-{}", Uuid::new_v4().simple());
        let other = app.command(&["token", "--tenant", "acme", "--user", &eve]);
        let mut callers = vec![
            app.device(),
            app.device().with_bearer(&bob),
            app.device().with_bearer(&other),
            ana,
        ];
        callers.extend(keys.iter().cloned());
        Self {
            callers,
            canary,
            user,
            session: sessions["sessions"][0]["id"].as_str().unwrap().to_owned(),
            token: link.rsplit('/').next().unwrap().to_owned(),
        }
    }

    fn path(&self, row: &Row) -> String {
        let id = if row.path.starts_with("/v1/sessions/") { &self.session } else { &self.user };
        row.path.replace("{id}", id).replace("{token}", &self.token)
    }
}

/// The status and what was read of the body: of a stream its first event.
async fn ask(device: &Device, row: &Row, path: &str) -> (u16, String) {
    let method: Method = row.method.parse().unwrap();
    let request = device.request(method.clone(), path);
    let request = if [Method::POST, Method::PUT].contains(&method) {
        request.json(&(row.body)())
    } else {
        request
    };
    soon("an answer", async {
        let mut response = request.send().await.unwrap();
        // The client follows redirects: that there was one shows in where it has come.
        let moved = response.url().path() != path.split('?').next().unwrap();
        let status = if moved { 308 } else { response.status().as_u16() };
        let kind = response.headers().get("content-type").cloned();
        if kind.is_some_and(|kind| kind == "text/event-stream") {
            let first = response.chunk().await.unwrap().unwrap_or_default();
            return (status, String::from_utf8(first.to_vec()).unwrap());
        }
        (status, response.text().await.unwrap())
    })
    .await
}

/// Each call of the document, with the statuses that it may be answered with.
async fn documented(app: &App) -> Vec<(String, Vec<String>)> {
    let document = app.device().get("/openapi.json").await.expect(200).body;
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let statuses = call["responses"].as_object().unwrap().keys().cloned().collect();
            calls.push((format!("{} {path}", method.to_uppercase()), statuses));
        }
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_every_call_answers_each_caller_as_expected_and_shows_nobody_anothers_data() {
    let app = App::with(&["--limit-password-reset", "off"]).await;
    let key = |scope: &str, tenant: &str| {
        let command = ["keys", "create", "--name", "x", "--scope", scope, "--tenant", tenant];
        app.device().with_bearer(&app.command(&command))
    };
    let keys = [
        key("read,publish,admin", "acme"),
        key("read", "default"),
        key("publish", "default"),
        key("admin", "default"),
    ];
    let documented = documented(&app).await;
    let rows = rows();
    let named: BTreeSet<_> =
        rows.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    let calls: BTreeSet<_> = documented.iter().map(|(call, _)| call.clone()).collect();
    assert_eq!(named, calls, "each call of /openapi.json needs a row here");

    let reading = Cast::draw(&app, &keys).await;
    let mut wrong = Vec::new();
    for row in &rows {
        let drawn = if row.method == "GET" { None } else { Some(Cast::draw(&app, &keys).await) };
        let cast = drawn.as_ref().unwrap_or(&reading);
        let (path, call) = (cast.path(row), format!("{} {}", row.method, row.path));
        let (_, may) = documented.iter().find(|(one, _)| *one == call).unwrap();
        for (at, caller) in CALLERS.iter().enumerate() {
            let (status, text) = ask(&cast.callers[at], row, &path).await;
            let expected = row.statuses[at];
            if status != expected {
                wrong.push(format!("{call} by {caller}: {status}, not {expected}: {text}"));
            }
            if !may.contains(&status.to_string()) {
                wrong.push(format!("{call} by {caller}: {status} is not in the document"));
            }
            let trusted = TRUSTED.contains(&at) && at != STRANGERS_KEY;
            if !trusted && !row.shows_mail && text.contains(&cast.canary) {
                wrong.push(format!("{call} shows {caller} what is ana's: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The canary is where it could be seen.
    let me = ask(&reading.callers[3], &users("GET /v1/me", 200, 200, 200), "/v1/me").await.1;
    assert_eq!(me.matches(&reading.canary).count(), 3, "{me}");
}
