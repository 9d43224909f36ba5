//! S04: nobody prepares an account for somebody else. The five ways of "Pre-hijacked accounts"
//! (Sudhodanan and Paverd, USENIX Security 2022), as far as each has a part here.

use super::support::{App, Device, PASSWORD, soon};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const VICTIM: &str = "victim@example.com";
const HERS: &str = "seven purple kettles";

/// The attacker was first, with the victim's address and a session that stays open.
async fn prepared(app: &App) -> Device {
    app.signed_up(VICTIM).await
}

/// The victim signs up later, and confirms the newest mail with her own password.
async fn arrives(app: &App) -> Device {
    let victim = app.device();
    victim.sign_up(VICTIM, HERS).await;
    victim.log_in(VICTIM, HERS).await;
    app.mails(VICTIM, 2).await;
    let link = app.link(VICTIM).await;
    let request = victim.request(reqwest::Method::POST, &link).form(&[("password", HERS)]);
    victim.send(request).await.expect(200);
    victim
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_classic_federated_merge() {
    let folder = tempfile::tempdir().unwrap();
    let issuers = folder.path().join("issuers.toml");
    std::fs::write(
        &issuers,
        "[[issuer]]\niss = \"https://id.example\"\naud = \"app\"\nalgorithm = \"HS256\"\n\
         secret = \"0123456789abcdef0123456789abcdef-victim\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&issuers, std::fs::Permissions::from_mode(0o600)).unwrap();
    let app = App::with(&["--issuers", issuers.to_str().unwrap()]).await;
    let attacker = prepared(&app).await;
    let mut tab = attacker.listen().await;
    tab.expect("snapshot").await;

    let claims = json!({
        "iss": "https://id.example", "aud": "app", "sub": "v1", "exp": 4_000_000_000_i64,
        "email": VICTIM, "email_verified": true,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(b"0123456789abcdef0123456789abcdef-victim");
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let victim = app.device().with_bearer(&token);
    let me = victim.me().await;

    assert_eq!((&me["email"], &me["email_verified"]), (&json!(VICTIM), &json!(true)));
    assert_eq!(tab.expect("goodbye").await.data["code"], "user_deleted");
    attacker.get("/v1/me").await.expect_problem(401, "invalid_token");
    let body = json!({ "email": VICTIM, "password": PASSWORD });
    attacker.post("/v1/sessions", &body).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_unexpired_session() {
    let app = App::start().await;
    let attacker = prepared(&app).await;
    let tokens = attacker.log_in(VICTIM, PASSWORD).await.body;
    let mut tab = attacker.listen().await;
    tab.expect("snapshot").await;

    let victim = arrives(&app).await;

    assert_eq!(victim.me().await["email_verified"], true);
    assert_eq!(tab.expect("goodbye").await.data["code"], "user_deleted");
    let bearer = app.device().with_bearer(tokens["access_token"].as_str().unwrap());
    bearer.get("/v1/me").await.expect_problem(401, "invalid_token");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let refused = app.device().post("/v1/sessions/refresh", &refresh).await;
    refused.expect_problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_trojan_identifier() {
    // An account has one address and no second way in, so there is nothing to plant. What comes
    // nearest is a password reset asked for beforehand, which must not outlive the account.
    let app = App::start().await;
    let attacker = prepared(&app).await;
    attacker.post("/v1/password-resets", &json!({ "email": VICTIM })).await.expect(202);

    let victim = arrives(&app).await;

    // A mail that is asked for now comes after the one that was asked for then would have.
    victim.post("/v1/password-resets", &json!({ "email": VICTIM })).await.expect(202);
    let mails = app.mails(VICTIM, 3).await;
    let resets = mails.iter().filter(|mail| mail["link"].as_str().unwrap().contains("/reset/"));
    assert_eq!(resets.count(), 1, "the attacker's request found no account to belong to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_unexpired_address_change() {
    // An address cannot be changed yet. The pending link of the attacker's account is in the
    // victim's own mailbox, and confirms nothing without the attacker's password.
    let app = App::start().await;
    let attacker = prepared(&app).await;
    let planted = app.link(VICTIM).await;
    let victim = app.device();
    victim.sign_up(VICTIM, HERS).await;
    app.mails(VICTIM, 2).await;

    let page = victim.press(&planted).await;

    assert_eq!(page.status, 200);
    assert!(page.text.contains("Your password"), "it asks which account is hers");
    assert_eq!(attacker.me().await["email_verified"], false);
    let form = victim.request(reqwest::Method::POST, &planted).form(&[("password", HERS)]);
    assert_eq!(victim.send(form).await.status, 422, "her password does not open his account");
    assert_eq!(attacker.me().await["email_verified"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_non_verifying_provider() {
    // The command line names users without verifying anything, as such a provider does: whoever
    // is named so owns no address.
    let app = App::start().await;
    let victim = app.signed_up(VICTIM).await;
    victim.press(&app.link(VICTIM).await).await.expect(200);

    let attacker = app.device().with_bearer(&app.command(&["token", "--user", "x"]));

    assert_eq!(attacker.me().await["email"], json!(null));
    assert_eq!(victim.me().await["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s04_sign_ups_that_race_the_click_leave_one_owner() {
    let app = App::start().await;
    for round in 0..50 {
        let email = format!("victim{round}@example.com");
        let victim = app.signed_up(&email).await;
        let link = app.link(&email).await;
        let (clicking, signing_up) = (victim.clone(), app.device());
        let (click_link, attackers) = (link.clone(), email.clone());

        let click = tokio::spawn(async move {
            let form = [("password", PASSWORD)];
            let request = clicking.request(reqwest::Method::POST, &click_link).form(&form);
            clicking.send(request).await.status
        });
        let attack =
            tokio::spawn(
                async move { signing_up.sign_up(&attackers, "quiet harbour lantern").await },
            );

        assert_eq!(soon("the click", click).await.unwrap(), 200);
        soon("the sign-up", attack).await.unwrap();
        assert_eq!(victim.me().await["email_verified"], true, "round {round}");
        let attacker = app.device();
        let body = json!({ "email": email, "password": "quiet harbour lantern" });
        let answer = attacker.post("/v1/sessions", &body).await;
        // Either the account went with the click, or it came after it and owns nothing.
        if answer.status == 201 {
            assert_eq!(answer.body["user"]["email_verified"], false);
            assert_ne!(answer.body["user"]["id"], victim.me().await["id"]);
        }
    }
}
