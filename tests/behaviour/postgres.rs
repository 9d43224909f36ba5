//! The main story once more, over PostgreSQL.

use super::database::TestDatabase;
use super::support::{App, kyc, soon};
use serde_json::json;

const SECRET: &str = "kT0vQ3cW9nY7xJ2mB5sL8dF1gH4aR6pZ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_is_seen_everywhere_over_postgresql() {
    let database = TestDatabase::new().await;
    let mut app = App::with(&["--database", database.url(), "--secret", SECRET]).await;
    app.is_ready().await;
    let laptop = app.signed_up("ana@example.com").await;
    let mut tab = laptop.listen().await;
    assert_eq!(tab.expect("snapshot").await.data["user"]["email_verified"], false);
    let before = laptop.cursor().await;
    let poll = laptop.poll(&format!("after={before}&wait=30"));
    app.parked(&laptop, 1).await;

    app.device().press(&app.link("ana@example.com").await).await.expect(200);

    let verified = tab.expect("email.verified").await;
    assert_eq!(verified.data["user"]["email_verified"], true);
    let answer = soon("the poll", poll).await.unwrap().expect(200);
    assert_eq!(answer.body["changes"], json!([verified.data]));
    let backend = app.backend("default");
    let change = kyc(&backend, &laptop.id().await, json!({ "status": "approved" })).await;
    assert_eq!(tab.expect("kyc.updated").await.data, change);
    let mut resumed = laptop.listen_from(Some(&before)).await;
    assert_eq!(resumed.expect("email.verified").await.data, verified.data);
    assert_eq!(resumed.expect("kyc.updated").await.data, change);
    let id = app.command(&["keys", "list"]).split('\t').next().unwrap().to_owned();
    app.command(&["keys", "revoke", &id]);

    app.restart().await;
    let laptop = laptop.moved_to(&app);
    app.is_ready().await;
    assert_eq!(laptop.me().await, change["user"]);
    let mut tab = laptop.listen().await;
    tab.expect("snapshot").await;
    laptop.delete("/v1/sessions/current").await.expect(204);
    assert_eq!(tab.expect("goodbye").await.data["code"], "session_revoked");
}
