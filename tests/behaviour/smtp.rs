//! R23: mail servers as they are, and what of it the people at the service notice: nothing.

use super::support::{App, Certificate, Device, MailServer, soon, until};
use serde_json::Value;
use std::collections::BTreeSet;

const ANA: &str = "ana@example.com";

/// A service that hands its mails to this server without TLS.
async fn app(server: &MailServer) -> App {
    App::with(&["--mail", &format!("smtp://127.0.0.1:{}?tls=none", server.port)]).await
}

/// The path of the link that a mail holds.
fn link(app: &App, mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let base = app.url("/verify/");
    let token = text.split(&base).nth(1).and_then(|rest| rest.split_whitespace().next());
    format!("/verify/{}", token.unwrap_or_else(|| panic!("no link in {text}")))
}

/// What an operator reads of the letters that have not left.
async fn waiting(app: &App, words: &'static str) -> String {
    soon(words, async {
        loop {
            let listed = app.command(&["mails", "list"]);
            if listed.contains(words) {
                return listed;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Whether the mail that arrived is hers, and does what it should.
async fn verifies(app: &App, ana: &Device, mail: &Value) {
    assert_eq!(mail["to"], serde_json::json!([ANA]));
    ana.press(&link(app, mail)).await.expect(200);
    assert_eq!(ana.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_mail_travels_encrypted_and_verifies() {
    let certificate = Certificate::new();
    let ca = certificate.cert().display().to_string();
    for (scheme, arguments) in
        [("smtp", &["--login", "us:p@ss"][..]), ("smtps", &["--implicit", "--login", "us:p@ss"])]
    {
        let mut server = MailServer::secure(&certificate, arguments).await;
        let url = format!("{scheme}://us:p%40ss@localhost:{}?ca={ca}", server.port);
        let app = App::with(&["--mail", &url]).await;
        let ana = app.signed_up(ANA).await;

        let mail = server.next("mail").await;

        assert_eq!(mail["secure"], true, "{scheme}");
        verifies(&app, &ana, &mail).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_server_that_nobody_vouches_for_gets_no_mail() {
    let server = MailServer::secure(&Certificate::new(), &[]).await;
    let url = format!("smtp://localhost:{}", server.port);
    let app = App::with(&["--mail", &url]).await;
    app.signed_up(ANA).await;

    let listed = waiting(&app, "certificate").await;

    assert!(!listed.contains("given up"), "an operator can put it right: {listed}");
    assert!(server.stop().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_without_starttls_no_mail_leaves() {
    let server = MailServer::start().await;
    let app = App::with(&["--mail", &format!("smtp://127.0.0.1:{}", server.port)]).await;
    app.signed_up(ANA).await;

    let listed = waiting(&app, "STARTTLS").await;

    assert!(!listed.contains("given up"), "an operator can put it right: {listed}");
    assert!(!listed.contains(ANA), "{listed}");
    assert!(server.stop().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_server_that_is_down_is_waited_for() {
    let server = MailServer::start().await;
    let port = server.port;
    let app = app(&server).await;
    server.stop().await;

    let ana = app.signed_up(ANA).await;
    waiting(&app, "refused").await;
    let mut server = MailServer::start_at(port).await;
    let mail = server.next("mail").await;

    verifies(&app, &ana, &mail).await;
    until("an empty queue", async || app.command(&["mails", "list"]).is_empty()).await;
    assert!(server.stop().await.is_empty(), "one mail and no more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_what_a_server_puts_off_is_brought_again() {
    let mut server = MailServer::start().await;
    server.turn("later").await;
    let app = app(&server).await;
    let ana = app.signed_up(ANA).await;
    server.next("refused").await;
    let listed = waiting(&app, "451").await;
    assert!(!listed.contains(ANA), "an address is masked: {listed}");

    server.turn("take").await;
    let mail = server.next("mail").await;

    verifies(&app, &ana, &mail).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_what_a_server_refuses_for_good_is_not_brought_again() {
    let mut server = MailServer::start().await;
    server.turn("never").await;
    let app = app(&server).await;
    let ana = app.signed_up(ANA).await;
    server.next("refused").await;

    let listed = waiting(&app, "given up").await;
    server.turn("take").await;
    // Another's mail passes it by.
    app.signed_up("bob@example.com").await;
    assert_eq!(server.next("mail").await["to"], serde_json::json!(["bob@example.com"]));

    assert!(listed.contains("550") && !listed.contains(ANA), "{listed}");
    let metrics = ana.get("/metrics").await.text;
    assert!(metrics.contains("afterclick_mails_total{outcome=\"refused\"} 1"), "{metrics}");
    // The operator knows better.
    assert_eq!(app.command(&["mails", "retry"]), "1 to be tried again");
    let mail = server.next("mail").await;
    verifies(&app, &ana, &mail).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_server_that_hangs_holds_up_nobody() {
    for mode in ["hang", "mute"] {
        let mut server = MailServer::start().await;
        let app = app(&server).await;
        server.turn(mode).await;

        let ana = app.signed_up(ANA).await;
        server.next("hangs").await;
        // The mail is under way and will be for long; everything else goes on.
        app.signed_up("bob@example.com").await;
        assert_eq!(ana.me().await["email_verified"], false);
        server.turn("take").await;
        let mut mails = [server.next("mail").await, server.next("mail").await];

        mails.sort_by_key(|mail| mail["to"].to_string());
        verifies(&app, &ana, &mails[0]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_mail_that_may_have_arrived_is_sent_again_as_the_same() {
    let mut server = MailServer::start().await;
    server.turn("drop").await;
    let app = app(&server).await;
    let ana = app.signed_up(ANA).await;
    let first = server.next("mail").await;

    server.turn("take").await;
    let second = server.next("mail").await;

    let ids: BTreeSet<_> = [&first, &second].map(|mail| mail["mail"].as_str().unwrap()).into();
    assert_eq!(ids.len(), 1, "one Message-ID");
    assert_eq!(first["text"], second["text"]);
    until("an empty queue", async || app.command(&["mails", "list"]).is_empty()).await;
    verifies(&app, &ana, &first).await;
    assert!(server.stop().await.is_empty(), "twice and no more");
}
