//! The restore drill: a backup is made while people are at work, put back, and nobody is misled.

use super::support::{App, PASSWORD, kyc, until};
use serde_json::json;
use std::fs;

const ANA: &str = "ana@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_brings_everybody_back_to_the_moment_it_was_made() {
    let mut app = App::start().await;
    let ana = app.signed_up(ANA).await;
    let link = app.link(ANA).await;
    let backend = app.backend("default");
    let id = ana.me().await["id"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("backup");

    let written = app.command(&["backup", copy.to_str().unwrap()]);
    kyc(&backend, &id, json!({ "step": 1 })).await;
    kyc(&backend, &id, json!({ "step": 2 })).await;
    let seen = ana.cursor().await;
    app.stop().await;
    // The last of the server's threads to let go of the file takes its journal with it.
    let journal = app.database().with_file_name("afterclick.db-wal");
    until("the end of the journal", async || !journal.exists()).await;
    for file in written.lines() {
        let name = std::path::Path::new(file).file_name().unwrap();
        fs::copy(file, app.database().with_file_name(name)).unwrap();
    }
    app.command(&["restored"]);
    app.start_again().await;

    // The session of then is good, the link of then works, and the client that knows more than the
    // database is brought to the present by a snapshot instead of being taken for current.
    let ana = ana.moved_to(&app);
    let mut tab = ana.listen_from(Some(&seen)).await;
    let snapshot = tab.expect("snapshot").await;
    assert_eq!(snapshot.data["reason"], "epoch");
    assert_eq!(snapshot.data["user"]["kyc"], json!({}));
    ana.press(&link).await.expect(200);
    assert_eq!(tab.expect("email.verified").await.data["user"]["email_verified"], true);
    app.device().log_in(ANA, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_its_owners_alone_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt;
    let app = App::start().await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("backup");

    let written = app.command(&["backup", copy.to_str().unwrap()]);

    assert_eq!(written.lines().count(), 2, "the database and the secret: {written}");
    for file in written.lines().chain([copy.to_str().unwrap()]) {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    let refused = app.try_command(&["backup", copy.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not empty"));
}
