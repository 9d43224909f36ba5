//! Webhooks go by TLS, to whom the machine's certificates vouch for.

use super::kills::{Program, SERVE, afterclick, run, serve};
use super::support::{Device, kyc, until};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a certificate for `localhost`, and its key.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        // Else it is an authority's, which no server may present.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_a_receiver_proves_who_it_is_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls.py");
    let mut receiver = Command::new("python3");
    receiver.arg(script).args(["cert.pem", "key.pem"]).current_dir(&folder).stderr(Stdio::null());
    let mut receiver = Program(receiver.stdout(Stdio::piped()).spawn().unwrap());
    let mut told = BufReader::new(receiver.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = told.next().unwrap();
    let key = run(&folder, &["keys", "create", "--name", "tests"]);
    run(&folder, &["token", "--user", "ana"]);
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/{host}");
        run(&folder, &["webhooks", "create", "--url", &url]);
    }

    // Whom nobody vouches for is sent nothing.
    let (program, url) = serve(&mut afterclick(&folder, &SERVE));
    kyc(&Device::new(url).with_bearer(&key), "ana", json!({})).await;
    let lists = async |text: &str, count| {
        until("the list", async || {
            run(&folder, &["webhooks", "list"]).matches(text).count() == count
        })
        .await;
    };
    lists("invalid peer certificate", 2).await;
    drop(program);
    let mut trusting = afterclick(&folder, &SERVE);
    let (_program, _) = serve(trusting.env("SSL_CERT_FILE", folder.path().join("cert.pem")));

    lists("0 waiting\t0 given up\tenabled", 1).await;
    lists("certificate not valid for name", 1).await;
    assert_eq!(told.next().unwrap(), "/localhost", "the only one that got through");
}
