//! The users that a backend brings, changes, reads, and removes.

use super::support::{App, Device, PASSWORD, kyc, until};
use reqwest::Method;
use serde_json::{Value, json};

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
