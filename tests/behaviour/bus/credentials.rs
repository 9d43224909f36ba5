//! A NATS server whose operator lets users in by what they can sign.

use super::super::nats::Nats;
use super::{bus, connected, hears};
use afterclick::feed::{Bus, BusState, NatsBus, NatsCredentials};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use nkeys::KeyPair;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What `issuer` says of `subject`, as a JWT of NATS (its ADR-14).
fn said(issuer: &KeyPair, subject: &KeyPair, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": "of-a-test", "iat": 1_700_000_000, "name": "nodes",
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": claims,
    });
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

/// A user's credentials file, as `nsc` writes one, for whoever signs by `key`.
fn file(folder: &Path, name: &str, jwt: &str, key: &KeyPair) -> PathBuf {
    let file = folder.join(name);
    let seed = key.seed().unwrap();
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credentials_file_lets_in_whoever_has_the_right_key() {
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let (user, other) = (KeyPair::new_user(), KeyPair::new_user());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
        "wildcards": true, "conn": -1, "leaf": -1,
    });
    let of_operator = said(&operator, &operator, &json!({ "type": "operator", "version": 2 }));
    let claims = json!({ "type": "account", "version": 2, "limits": limits });
    let of_account = said(&operator, &account, &claims);
    let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let of_user = said(&account, &user, &claims);
    let nats = Nats::with(&format!(
        "operator: {of_operator}\nresolver: MEMORY\nresolver_preload: {{ {}: {of_account} }}",
        account.public_key()
    ));
    let folder = tempfile::tempdir().unwrap();
    let right = file(folder.path(), "right.creds", &of_user, &user);
    let wrong = file(folder.path(), "wrong.creds", &of_user, &other);
    let by =
        |file: &Path| -> NatsBus { bus(&nats.url(), NatsCredentials::File(file.to_owned()), None) };

    let (one, two, stranger) = (by(&right), by(&right), by(&wrong));
    let mut unheard = stranger.hear();
    let among_friends = async {
        let mut heard = connected(&one).await;
        hears(&two, &mut heard).await;
    };
    tokio::select! {
        said = unheard.next() => panic!("a stranger was let in: {said:?}"),
        () = among_friends => {}
    }

    assert_eq!(stranger.state(), BusState::Down);
}
