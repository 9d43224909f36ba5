//! What becomes of acknowledged changes, and of whoever listens, while PostgreSQL is away.

use super::database::{Cluster, execute};
use super::support::{Answer, Certificate, Device, Listening, Nodes, kyc, publish, until};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, block_in_place};

/// No request takes longer than this, whatever the database does (`trust.md` R06).
const LONGEST: Duration = Duration::from_secs(3);

/// How long a database that is back may stay unused.
const HEALS: Duration = Duration::from_secs(5);

async fn own_server() -> Arc<Cluster> {
    Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap())
}

/// Every process of a server, the first of them first.
fn processes(cluster: &Cluster) -> Vec<u32> {
    let first = cluster.pid();
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap();
    let all = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
    std::iter::once(first).chain(all.filter(|pid| parent(*pid) == Some(first))).collect()
}

fn signal(pids: &[u32], name: &str) {
    let pids = pids.iter().map(ToString::to_string);
    // One of them may have ended meanwhile.
    let _sent = Command::new("kill").arg(format!("-{name}")).args(pids).output().unwrap();
}

/// A backend that goes on publishing, and how each of its requests went.
struct Load {
    ended: Arc<AtomicBool>,
    work: JoinHandle<(Vec<String>, Duration)>,
}

impl Load {
    fn begin(backend: Device, id: &str) -> Self {
        let (ended, path) = (Arc::new(AtomicBool::new(false)), format!("/v1/users/{id}/events"));
        let stop = Arc::clone(&ended);
        let work = tokio::spawn(async move {
            let (mut acknowledged, mut longest, mut number) = (Vec::new(), Duration::ZERO, 0);
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                let body = json!({ "type": "load.step", "data": { "number": number } });
                let began = Instant::now();
                let answer: Answer = backend.post(&path, &body).await;
                longest = longest.max(began.elapsed());
                match answer.status.as_u16() {
                    201 => {
                        acknowledged.push(answer.body["cursor"].as_str().unwrap().to_owned());
                    }
                    503 => assert_eq!(answer.header("retry-after"), "1"),
                    other => panic!("{other}: {}", answer.text),
                }
            }
            (acknowledged, longest)
        });
        Self { ended, work }
    }

    /// What was acknowledged, and how long the slowest request took.
    async fn end(self) -> (Vec<String>, Duration) {
        self.ended.store(true, Ordering::SeqCst);
        self.work.await.unwrap()
    }
}

/// The cursors of a stream's changes up to one of them, and how often its heart beat meanwhile.
async fn cursors(tab: &mut Listening, last: &str) -> (Vec<String>, usize) {
    let (mut seen, mut beats) = (Vec::new(), 0);
    loop {
        let event = tab.next().await.expect("the stream stays open");
        let Some(cursor) = event.id else {
            assert_eq!(event.name, "heartbeat");
            beats += 1;
            continue;
        };
        seen.push(cursor.clone());
        if cursor == last {
            return (seen, beats);
        }
    }
}

fn version(cursor: &str) -> i64 {
    cursor.split_once('.').unwrap().1.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r05_a_server_that_is_killed_again_and_again_loses_nothing_that_was_acknowledged() {
    let cluster = own_server().await;
    let database = cluster.database().await;
    // The tests' servers do without, and would themselves lose what they acknowledged.
    let name = database.url().rsplit_once('/').unwrap().1;
    let durable = format!("ALTER DATABASE {name} SET synchronous_commit = on");
    execute(database.url(), &durable).await.unwrap();
    let nodes = Nodes::with(2, database.url(), "local", &[]).await;
    let ana = nodes.signed_up("ana@example.com").await;
    let id = ana.id().await;
    let backend = nodes.0[0].backend("default");
    let mut tab = ana.moved_to(&nodes.0[1]).listen().await;
    tab.expect("snapshot").await;
    let load = Load::begin(backend.clone(), &id);

    for signal_name in ["QUIT", "KILL", "QUIT"] {
        let before = ana.moved_to(&nodes.0[1]).cursor().await;
        until("a change", async || ana.get("/v1/me").await.body["cursor"] != *before).await;
        signal(&[cluster.pid()], signal_name);
        block_in_place(|| cluster.start_again());
        let back = Instant::now();
        for node in &nodes.0 {
            node.is_ready().await;
        }
        assert!(back.elapsed() < HEALS, "{:?}", back.elapsed());
    }

    let (acknowledged, longest) = load.end().await;
    assert!(longest < LONGEST, "{longest:?}");
    let last = publish(&backend, &id, "load.end", json!({})).await["cursor"].clone();
    let (seen, _) = cursors(&mut tab, last.as_str().unwrap()).await;
    let versions: Vec<i64> = seen.iter().map(|cursor| version(cursor)).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let epochs = seen.iter().map(|cursor| &cursor[..8]);
    assert!(epochs.clone().all(|epoch| epoch == &acknowledged[0][..8]), "{seen:?}");
    let present = version(last.as_str().unwrap());
    let newest = acknowledged.iter().map(|cursor| version(cursor)).max().unwrap();
    assert!(newest < present);
    // Each version is one change, and each acknowledged one is there.
    let mut unique = acknowledged.clone();
    unique.dedup();
    assert_eq!(unique.len(), acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r06_a_server_that_stands_still_holds_up_no_request_for_long() {
    let cluster = own_server().await;
    let database = cluster.database().await;
    let nodes = Nodes::with(1, database.url(), "local", &["--heartbeat", "500ms"]).await;
    let ana = nodes.signed_up("ana@example.com").await;
    let id = ana.id().await;
    let backend = nodes.0[0].backend("default");
    let mut tab = ana.listen().await;
    tab.expect("snapshot").await;
    let load = Load::begin(backend.clone(), &id);
    until("a change", async || version(&ana.cursor().await) > 3).await;

    let stopped = processes(&cluster);
    signal(&stopped, "STOP");
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let look = Instant::now();
        let status = ana.get("/readyz").await.status;
        assert!(look.elapsed() < LONGEST, "{:?}", look.elapsed());
        assert!(status == 503 || began.elapsed() < LONGEST);
    }
    signal(&stopped, "CONT");
    let back = Instant::now();
    nodes.0[0].is_ready().await;

    assert!(back.elapsed() < HEALS, "{:?}", back.elapsed());
    let (acknowledged, longest) = load.end().await;
    assert!(longest < LONGEST, "{longest:?}");
    assert!(!acknowledged.is_empty());
    let last = publish(&backend, &id, "load.end", json!({})).await["cursor"].clone();
    let (seen, beats) = cursors(&mut tab, last.as_str().unwrap()).await;
    assert!(beats > 3, "{beats} heartbeats");
    let versions: Vec<i64> = seen.iter().map(|cursor| version(cursor)).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let dangling = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
        AND now() - state_change > interval '5 seconds'";
    let look = async || ask(database.url(), dangling).await == 0;
    until("no transaction that is left open", look).await;
}

/// A number that a server answers with.
async fn ask(url: &str, query: &str) -> i64 {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let number = client.query_one(query, &[]).await.unwrap().get(0);
    drop(client);
    let _closed = connection.await;
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r07_after_a_failover_that_lost_changes_every_client_shows_what_the_database_holds() {
    let primary = own_server().await;
    let database = primary.database().await;
    let standby = {
        let primary = Arc::clone(&primary);
        tokio::task::spawn_blocking(move || Cluster::standby(&primary)).await.unwrap()
    };
    let name = database.url().rsplit_once('/').unwrap().1;
    let host = |url: &str| url.split(['@', '/']).nth(3).unwrap().to_owned();
    let (first, second) = (host(database.url()), host(standby.url()));
    let both = database.url().replace(&first, &format!("{first},{second}"));
    let both = format!("{both}?target_session_attrs=read-write");
    let nodes = Nodes::with(2, &both, "local", &[]).await;
    let ana = nodes.signed_up("ana@example.com").await;
    let bob = nodes.0[1].signed_up("bob@example.com").await;
    let (id, backend) = (ana.id().await, nodes.0[0].backend("default"));
    kyc(&backend, &id, json!({ "status": "pending" })).await;
    let mut tabs =
        [ana.moved_to(&nodes.0[0]).listen().await, ana.moved_to(&nodes.0[1]).listen().await];
    for tab in &mut tabs {
        tab.expect("snapshot").await;
    }
    let kept = ana.cursor().await;
    let there = standby.url().replace("/postgres", &format!("/{name}"));
    let arrived = format!("SELECT coalesce(max(version), 0) FROM users WHERE id = '{id}'");
    until("the copy", async || ask(&there, &arrived).await == version(&kept)).await;

    // From here on the standby receives nothing, and is then all that there is.
    execute(standby.url(), "ALTER SYSTEM SET primary_conninfo = ''").await.unwrap();
    execute(standby.url(), "SELECT pg_reload_conf()").await.unwrap();
    let receivers = "SELECT count(*) FROM pg_stat_wal_receiver";
    until("the cut", async || ask(standby.url(), receivers).await == 0).await;
    let lost = kyc(&backend, &id, json!({ "status": "approved" })).await;
    for tab in &mut tabs {
        assert_eq!(tab.expect("kyc.updated").await.data, lost);
    }
    signal(&[primary.pid()], "QUIT");
    execute(standby.url(), "SELECT pg_promote()").await.unwrap();
    let began = Instant::now();

    for tab in &mut tabs {
        let event = tab.news().await.expect("the stream stays open");
        assert_eq!((event.name.as_str(), &event.data["reason"]), ("snapshot", &json!("epoch")));
        assert_eq!(event.data["user"]["kyc"], json!({ "status": "pending" }));
        let cursor = event.id.unwrap();
        assert!(cursor[..8] != kept[..8] && version(&cursor) == version(&kept), "{cursor} {kept}");
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    for node in &nodes.0 {
        node.is_ready().await;
    }
    // Who held the lost cursor and was not connected learns of it too.
    let held = lost["cursor"].as_str().unwrap();
    let mut late = ana.moved_to(&nodes.0[1]).listen_from(Some(held)).await;
    assert_eq!(late.expect("snapshot").await.data["reason"], "epoch");
    let again = kyc(&backend, &id, json!({ "status": "approved" })).await;
    for tab in tabs.iter_mut().chain([&mut late]) {
        assert_eq!(tab.expect("kyc.updated").await.data, again);
    }
    assert_eq!(bob.me().await["email"], "bob@example.com");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_refused_by_name_and_used_once_it_is_promoted() {
    let primary = own_server().await;
    let database = primary.database().await;
    Nodes::with(1, database.url(), "local", &[]).await;
    let standby = {
        let primary = Arc::clone(&primary);
        tokio::task::spawn_blocking(move || Cluster::standby(&primary)).await.unwrap()
    };
    let name = database.url().rsplit_once('/').unwrap().1;
    let there = standby.url().replace("/postgres", &format!("/{name}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterclick"));
    let flags = Nodes::flags(&there, "local");

    let refused = command.args(flags).args(["keys", "list"]).output().unwrap();
    execute(standby.url(), "SELECT pg_promote()").await.unwrap();
    let taken = command.output().unwrap();

    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(line.contains("read-only standby") && line.lines().count() == 1, "{line}");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_speaks_tls_is_spoken_to_so_and_an_impostor_is_not() {
    let cluster = own_server().await;
    let database = cluster.database().await;
    let certificate = Certificate::new();
    // The server reads them as another user than this one, and wants the key to be its own.
    let shown = |text: PathBuf| std::fs::read_to_string(text).unwrap().replace('\n', "\\n");
    for (setting, file) in
        [("ssl_cert_file", certificate.cert()), ("ssl_key_file", certificate.key())]
    {
        let copy = format!(
            "COPY (SELECT unnest(string_to_array(E'{}', E'\\n'))) TO PROGRAM \
             'umask 077; cat > {setting}.pem'",
            shown(file).trim_end_matches("\\n")
        );
        execute(cluster.url(), &copy).await.unwrap();
        let set = format!("ALTER SYSTEM SET {setting} = '{setting}.pem'");
        execute(cluster.url(), &set).await.unwrap();
    }
    execute(cluster.url(), "ALTER SYSTEM SET ssl = on").await.unwrap();
    execute(cluster.url(), "SELECT pg_reload_conf()").await.unwrap();
    let url =
        |host: &str, query: &str| format!("{}?{query}", database.url().replace("127.0.0.1", host));
    let opens = async |host: &str, query: &str| {
        let flags = ["--database", &url(host, query), "--secret", Nodes::SECRET];
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_afterclick"));
        let output = command.args(flags).args(["keys", "list"]).output().await.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let ca = format!("sslrootcert={}", certificate.cert().display());
    until("TLS", async || opens("127.0.0.1", "sslmode=require").await.0).await;

    for (host, query, good) in [
        ("localhost", format!("sslmode=verify-full&{ca}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{ca}"), true),
        ("127.0.0.1", "sslmode=disable".to_owned(), true),
        // Another name than the certificate's, and an authority that did not sign it.
        ("127.0.0.1", format!("sslmode=verify-full&{ca}"), false),
        ("localhost", "sslmode=verify-full".to_owned(), false),
    ] {
        let (opened, line) = opens(host, &query).await;

        assert_eq!(opened, good, "{host} {query}: {line}");
    }
    let nodes =
        Nodes::with(1, &url("localhost", &format!("sslmode=verify-full&{ca}")), "local", &[]).await;
    let ana = nodes.signed_up("ana@example.com").await;
    assert_eq!(ana.me().await["email"], "ana@example.com");
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE ssl AND application_name = 'afterclick'";
    assert!(ask(database.url(), encrypted).await > 0);
}
