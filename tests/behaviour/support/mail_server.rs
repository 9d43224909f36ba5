use super::soon;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// A real mail server of the test's own (`tests/support/smtp.py`), which fails as it is told to.
pub struct MailServer {
    /// Where it listens.
    pub port: u16,
    events: Lines<BufReader<ChildStdout>>,
    orders: ChildStdin,
    process: Child,
}

/// A certificate for this machine, made for one test.
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    /// Makes one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            // Else it is an authority's, which no server may present.
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { folder }
    }

    /// The certificate in PEM.
    pub fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Its key in PEM.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}

impl MailServer {
    /// One that speaks without TLS.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One on a port where another was.
    pub async fn start_at(port: u16) -> Self {
        Self::with(&["--port", &port.to_string()]).await
    }

    /// One that has a certificate, and these further arguments.
    pub async fn secure(certificate: &Certificate, arguments: &[&str]) -> Self {
        let (cert, key) = (certificate.cert(), certificate.key());
        let pair = ["--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()];
        Self::with(&[&pair, arguments].concat()).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = tokio::process::Command::new("/usr/bin/python3")
            .arg(project.join("tests/support/smtp.py"))
            .args(arguments)
            // Where tests/run unpacks what it may not install.
            .env("PYTHONPATH", project.join("target/debs/usr/lib/python3/dist-packages"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let events = BufReader::new(process.stdout.take().unwrap()).lines();
        let orders = process.stdin.take().unwrap();
        let mut server = Self { port: 0, events, orders, process };
        let port = server.next("port").await["port"].as_u64().unwrap();
        server.port = port.try_into().unwrap();
        server
    }

    /// From now on it does as `mode` says; see `tests/support/smtp.py`.
    pub async fn turn(&mut self, mode: &str) {
        self.orders.write_all(format!("{mode}\n").as_bytes()).await.unwrap();
        assert_eq!(self.next("mode").await["mode"], mode);
    }

    /// The next event of a kind, which may take as long as the slowest failure and its pause.
    pub async fn next(&mut self, kind: &str) -> Value {
        let slowly = tokio::time::timeout(Duration::from_mins(1), async {
            loop {
                let line = self.events.next_line().await.unwrap();
                let event: Value = serde_json::from_str(&line.expect("it runs")).unwrap();
                if event.get(kind).is_some() {
                    return event;
                }
            }
        });
        slowly.await.unwrap_or_else(|_| panic!("no {kind} from the mail server"))
    }

    /// Ends it; what it had said and nobody had asked for.
    pub async fn stop(mut self) -> Vec<Value> {
        drop(self.orders);
        soon("the mail server's end", self.process.wait()).await.unwrap();
        let mut left = Vec::new();
        while let Some(line) = self.events.next_line().await.unwrap() {
            left.push(serde_json::from_str(&line).unwrap());
        }
        left
    }
}
