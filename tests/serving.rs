//! The program while it serves: its one line of output, its logs, its end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// More than any step here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, serving from a folder of its own; killed with this value.
struct Afterclick {
    process: Child,
    // Kept open: whoever reads a service's output goes on doing so.
    stdout: BufReader<ChildStdout>,
    url: String,
    folder: TempDir,
}

impl Afterclick {
    /// Starts `afterclick` by `shell`, in which `"$@"` is the program and its settings.
    #[track_caller]
    fn start(shell: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (process, stdout, url) = Self::run(&folder, shell, settings);
        Self { process, stdout, url, folder }
    }

    /// Starts it anew in the same folder, after it ended.
    #[track_caller]
    fn start_again(&mut self) {
        let started = Self::run(&self.folder, "exec \"$@\" 2>/dev/null", &[]);
        (self.process, self.stdout, self.url) = started;
    }

    #[track_caller]
    fn run(
        folder: &TempDir,
        shell: &str,
        settings: &[&str],
    ) -> (Child, BufReader<ChildStdout>, String) {
        let mut process = Command::new("sh")
            .args(["-c", shell, "sh", env!("CARGO_BIN_EXE_afterclick")])
            .args(["--listen", "127.0.0.1:0"])
            .env("AFTERCLICK_DRAIN", "1s")
            .args(settings)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.strip_prefix("afterclick is listening on ").unwrap().trim_end().to_owned();
        (process, stdout, url)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterclick"));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// An access token; its issuer is the public URL, which port 0 made another than the default.
    fn token(&self, user: &str) -> String {
        let mut command = self.command(&["token", "--user", user, "--public-url", &self.url]);
        let printed = command.output().unwrap();
        String::from_utf8(printed.stdout).unwrap().trim_end().to_owned()
    }

    fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        assert!(
            Command::new("kill")
                .arg(signal)
                .arg(self.process.id().to_string())
                .status()
                .unwrap()
                .success()
        );
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }
}

impl Drop for Afterclick {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

#[tokio::test]
async fn it_prints_where_it_listens_and_nothing_else() {
    let mut service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);

    assert_eq!(service.get("/healthz").await.status(), 200);

    service.signal("TERM");
    let mut rest = String::new();
    service.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(service.process.wait().unwrap().success());
}

#[tokio::test]
async fn its_log_is_a_json_object_a_line_where_no_person_reads() {
    let mut service = Afterclick::start("exec \"$@\" 2>log", &[]);
    let path = service.folder.path().join("log");
    assert_eq!(service.get("/v1/me?token=s3cr3t").await.status(), 400);

    service.signal("TERM");
    assert!(service.process.wait().unwrap().success());

    let log = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["http.status"] == 400), "{log}");
    assert!(lines.iter().all(|line| line["target"] != "actix_server::builder"), "{log}");
    assert!(!log.contains("s3cr3t"), "a query string is never logged: {log}");
}

#[tokio::test]
async fn r13_a_log_that_cannot_be_written_stops_nothing() {
    for shell in ["exec \"$@\" 2>/dev/full", "exec \"$@\" 2>&-"] {
        let service = Afterclick::start(shell, &[]);

        for _ in 0..50 {
            assert_eq!(service.get("/healthz").await.status(), 200, "{shell}");
        }
    }
}

/// A mount of its own, which needs no root: 4 MiB for the database, and nothing for anybody else.
const SMALL_DISK: &str = "exec unshare --user --map-root-user --mount sh -c \
    'mkdir disk && mount -t tmpfs -o size=4m tmpfs disk && exec \"$@\" 2>log' sh \"$@\"";

#[tokio::test]
async fn r13_a_full_disk_loses_nothing_that_was_acknowledged_and_heals() {
    let settings =
        ["--database", "sqlite:disk/a.db", "--limit-sign-up", "off", "--limit-log-in", "off"];
    let service = Afterclick::start(SMALL_DISK, &settings);
    let disk =
        format!("/proc/{}/root{}/disk", service.process.id(), service.folder.path().display());
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let post = async |path: &str, number: u32| {
        let account =
            format!(r#"{{"email":"ana-{number}@example.com","password":"blue kettle sings"}}"#);
        let request = client.post(format!("{}{path}", service.url));
        request.header("content-type", "application/json").body(account).send().await.unwrap()
    };
    assert_eq!(post("/v1/users", 0).await.status(), 202);
    let session: serde_json::Value = post("/v1/sessions", 0).await.json().await.unwrap();
    let filler = format!("{disk}/filler");
    let full = std::fs::write(&filler, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);

    let mut acknowledged = vec![0];
    // The journal may have room left for some.
    let refused = loop {
        let number = u32::try_from(acknowledged.len()).unwrap();
        let answer = post("/v1/users", number).await;
        if answer.status() != 202 {
            break answer;
        }
        acknowledged.push(number);
    };

    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let me = client.get(format!("{}/v1/me", service.url));
    let me = me.bearer_auth(session["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(me.status(), 200, "what is there can be read");
    std::fs::remove_file(filler).unwrap();
    let another = u32::try_from(acknowledged.len()).unwrap();
    assert_eq!(post("/v1/users", another).await.status(), 202, "it heals without a restart");
    for number in acknowledged {
        assert_eq!(post("/v1/sessions", number).await.status(), 201, "{number} was acknowledged");
    }
}

/// What `tests/support/half_open.py` found: after how many seconds the node let go of clients whose
/// network had gone away without a word.
#[test]
fn r16_connections_whose_network_is_gone_are_closed_within_30_s() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/half_open.py");
    // A network of its own, which needs no root either, and can be taken down.
    let found = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "/usr/bin/python3", script])
        .arg(env!("CARGO_BIN_EXE_afterclick"))
        .output()
        .unwrap();

    let printed = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "{printed}{}", String::from_utf8_lossy(&found.stderr));
    let seconds: f64 = printed.trim().parse().unwrap();
    assert!(seconds <= 30.0, "{seconds} s");
}

#[tokio::test]
async fn a_database_server_that_does_not_answer_is_waited_for() {
    let secret = "kT0vQ3cW9nY7xJ2mB5sL8dF1gH4aR6pZ";
    let database = "postgres://nobody:nothing@127.0.0.1:1/none";

    let service =
        Afterclick::start("exec \"$@\" 2>log", &["--database", database, "--secret", secret]);

    assert_eq!(service.get("/healthz").await.status(), 200);
    assert_eq!(service.get("/readyz").await.status(), 503);
    // The process knows nobody yet, and asks a cookie's bearer to come back rather than to go.
    let client = reqwest::Client::new();
    let with_cookie = |path: &str| {
        let request = client.get(format!("{}{path}", service.url));
        request.header("cookie", "afterclick_session=x").send()
    };
    for path in ["/v1/me", "/v1/poll"] {
        let answer = with_cookie(path).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()),
            (503, "1")
        );
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let stream = with_cookie("/v1/stream").await.unwrap();
    assert_eq!(stream.status(), 200);
    let last = stream.text().await.unwrap();
    assert!(last.contains("event: goodbye") && last.contains("\"unavailable\""), "{last}");
    let write = client.post(format!("{}/v1/users", service.url));
    let body = r#"{"email":"ana@example.com","password":"blue kettle sings"}"#;
    let write = write.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(write.status(), 503);
    assert!(write.headers().contains_key("retry-after"));
    let log = std::fs::read_to_string(service.folder.path().join("log")).unwrap();
    assert!(!log.contains("nothing@") && !log.contains(secret), "{log}");
    let told = |line: &&str| ["WARN", "ERROR"].iter().any(|level| line.contains(level));
    let told = log.lines().filter(told).filter(|line| !line.contains("a request failed"));
    assert_eq!(told.count(), 1, "{log}");
}

#[tokio::test]
async fn keys_are_made_listed_and_ended_beside_a_service_that_runs() {
    let service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);

    let made = service.command(&["keys", "create", "--name", "backend"]).output().unwrap();
    let key = String::from_utf8(made.stdout).unwrap();
    let (_, id) = key.split_once('_').unwrap();
    let (id, secret) = id.trim_end().split_once('_').unwrap();
    assert!(key.starts_with("ack_") && key.lines().count() == 1, "the key alone");

    let revoked = service.command(&["keys", "revoke", id]).output().unwrap();
    let again = service.command(&["keys", "revoke", id]).output().unwrap();
    let listed = service.command(&["keys", "list"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();

    assert!(revoked.status.success() && revoked.stdout.is_empty());
    assert_eq!(again.status.code(), Some(1), "a key ends once");
    assert!(listed.starts_with(&format!("{id}\tdefault\tbackend\t")), "{listed}");
    assert!(!listed.contains(secret));
}

#[tokio::test]
async fn s13_sighup_has_keys_read_again_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let issuers = folder.path().join("issuers.toml");
    let text = "[[issuer]]\niss = \"https://a.example\"\naud = \"app\"\nalgorithm = \"HS256\"\n\
                secret = \"0123456789abcdef0123456789abcdef\"\n";
    std::fs::write(&issuers, text).unwrap();
    std::fs::set_permissions(&issuers, std::fs::Permissions::from_mode(0o600)).unwrap();
    let issuers = issuers.to_str().unwrap();
    let service = Afterclick::start("exec \"$@\" 2>/dev/null", &["--issuers", issuers]);
    let read = async || {
        let metrics = service.get("/metrics").await.text().await.unwrap();
        metrics.contains("afterclick_key_reads_total{outcome=\"taken\"} 1")
    };
    assert!(!read().await);

    service.signal("HUP");

    let began = Instant::now();
    while !read().await {
        assert!(began.elapsed() < PATIENCE, "it was not read again");
    }
}

#[tokio::test]
async fn a_token_of_the_command_line_opens_what_its_user_sees() {
    let service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);

    let token = service.token("ana");

    let client = reqwest::Client::new();
    let me = client.get(format!("{}/v1/me", service.url)).bearer_auth(token);
    let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!((me["id"].as_str(), &me["email"]), (Some("ana"), &serde_json::Value::Null));
}

#[tokio::test]
async fn a_second_server_on_one_sqlite_file_is_refused() {
    let service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);

    // The service's own settings, in the service's own folder.
    let second = service.command(&["--listen", "127.0.0.1:0"]).output().unwrap();

    let line = String::from_utf8(second.stderr).unwrap();
    assert_eq!((second.status.code(), second.stdout.len()), (Some(1), 0), "{line}");
    let refused = line.lines().filter(|line| line.starts_with("afterclick: ")).collect::<Vec<_>>();
    let in_use = "the SQLite file is in use by another afterclick process";
    assert!(refused.len() == 1 && refused[0].contains(in_use), "{line}");
    assert_eq!(service.get("/readyz").await.status(), 200);
}

#[tokio::test]
async fn a_stop_says_goodbye_to_streams_and_leaves_nothing_open() {
    let mut service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);
    let token = service.token("ana");
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let stream = client.get(format!("{}/v1/stream", service.url)).bearer_auth(token);
    let mut stream = stream.send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("event: snapshot"));

    service.signal("TERM");

    loop {
        let ready = client.get(format!("{}/readyz", service.url)).send().await.unwrap();
        if ready.status() == 503 {
            break;
        }
    }
    let mut rest = Vec::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.extend_from_slice(&chunk);
    }
    let rest = String::from_utf8(rest).unwrap();
    assert!(rest.contains("event: goodbye") && rest.contains("\"draining\""), "{rest}");
    assert!(service.process.wait().unwrap().success());
}

/// A listener that is not there would keep it for the whole of its drain.
#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut service = Afterclick::start("exec \"$@\" 2>/dev/null", &["--drain", "10m"]);
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let token = service.token("ana");
    let mut streams = Vec::new();
    for _ in 0..5 {
        let stream = client.get(format!("{}/v1/stream", service.url)).bearer_auth(&token);
        streams.push(stream.send().await.unwrap());
    }
    let began = Instant::now();
    service.signal("TERM");
    while service.get("/readyz").await.status() != 503 {}

    service.signal("TERM");

    let ended = service.process.wait().unwrap();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(ended.code().is_some(), "{ended:?}");
}

/// Who keeps a connection for the next request is no reason to wait.
#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let mut service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);
    let client = reqwest::Client::new();
    let kept = client.get(format!("{}/healthz", service.url)).send().await.unwrap();
    assert_eq!(kept.text().await.unwrap(), r#"{"status":"ok"}"#);
    let began = Instant::now();

    service.signal("TERM");

    assert!(service.process.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// After a backup was put back, clients hold versions that will be given out again.
#[tokio::test]
async fn a_restored_database_has_another_epoch() {
    let mut service = Afterclick::start("exec \"$@\" 2>/dev/null", &[]);
    let client = reqwest::Client::new();
    let token = service.token("ana");
    let me = async |url: &str, token: String| -> serde_json::Value {
        let answer = client.get(format!("{url}/v1/me")).bearer_auth(token).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let before = me(&service.url, token).await;
    service.signal("TERM");
    assert!(service.process.wait().unwrap().success());

    let restored = service.command(&["restored"]).output().unwrap();

    assert!(restored.status.success() && restored.stdout.is_empty());
    service.start_again();
    let after = me(&service.url, service.token("ana")).await;
    let parts = |user: &serde_json::Value| {
        let (epoch, version) = user["cursor"].as_str().unwrap().split_once('.').unwrap();
        (epoch.to_owned(), version.to_owned())
    };
    assert_ne!(parts(&before).0, parts(&after).0);
    assert_eq!(parts(&before).1, parts(&after).1);
}
