//! What a tenant's backend is told of its users, whatever becomes of the messages on their way.

use super::support::{App, Receiver, kyc, publish};
use serde_json::json;

/// Receivers of the tests are on this machine.
const ALLOW: [&str; 2] = ["--webhook-allow", "127.0.0.0/8"];

impl App {
    /// Has a tenant's changes sent to a receiver; the webhook's id and its secret.
    fn hook(&self, tenant: &str, receiver: &Receiver, more: &[&str]) -> (String, String) {
        let create = ["webhooks", "create", "--tenant", tenant, "--url", &receiver.url];
        let made = self.command(&[&create, more, &ALLOW].concat());
        let (id, secret) = made.split_once('\t').unwrap();
        (id.to_owned(), secret.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_is_told_of_each_change() {
    let app = App::with(&ALLOW).await;
    let ana = app.signed_up("ana@example.com").await;
    let (backend, id) = (app.backend("default"), ana.id().await);
    let mut receiver = Receiver::start().await;
    app.hook("default", &receiver, &[]);

    let change = kyc(&backend, &id, json!({ "status": "approved" })).await;

    let message = receiver.next().await;
    assert_eq!(message.line, "POST /hooks HTTP/1.1");
    assert_eq!(message.headers["content-type"], "application/json");
    let told = json!({ "type": "kyc.updated", "timestamp": change["at"], "data": change });
    assert_eq!(message.body, told);
    let other = publish(&backend, &id, "order.shipped", json!({ "order": 7 })).await;
    assert_eq!(receiver.next().await.body["data"], other);
}
