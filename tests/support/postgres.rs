//! A database of its own for each test, on a PostgreSQL server that the tests own.
//!
//! The server is the one of `tests/run` (`AFTERCLICK_TEST_POSTGRES`); without it, as under a plain
//! `cargo test`, each test process starts its own and ends it with its last database.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use tokio_postgres::NoTls;

/// Names the server of `tests/run`.
const SHARED: &str = "AFTERCLICK_TEST_POSTGRES";

/// The server that tests of one process share while any of them needs it.
static OWN: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// Tells apart the databases of one process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A private server; it ends with this value, and with this process however that ends.
#[derive(Debug)]
pub struct Cluster {
    url: String,
    pid: AtomicU32,
    guard: Child,
    // The server runs until this closes.
    held: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Cluster {
    /// Makes and starts a server; takes about two seconds, and blocks.
    #[track_caller]
    pub fn start() -> Self {
        Self::run(&[])
    }

    /// Makes and starts one that follows another, and only reads until it is promoted.
    #[track_caller]
    pub fn standby(primary: &Self) -> Self {
        Self::run(&["standby", primary.url()])
    }

    #[track_caller]
    fn run(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/postgres.sh");
        let mut guard = Command::new("bash")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(guard.stdout.take().unwrap());
        let held = guard.stdin.take().unwrap();
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let mut words = line.split_whitespace();
        let (Some(url), Some(pid)) = (words.next(), words.next()) else {
            panic!("PostgreSQL did not start; the reason stands above");
        };
        let pid = AtomicU32::new(pid.parse().unwrap());
        Self { url: url.to_owned(), pid, guard, held: Mutex::new(Some((held, said))) }
    }

    /// Where its `postgres` database is, for the superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server process, for tests that stop (`SIGSTOP`) or kill it.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::SeqCst)
    }

    /// Starts it again where it was, after it was killed; blocks.
    #[track_caller]
    pub fn start_again(&self) {
        let mut held = self.held.lock().unwrap();
        let (orders, said) = held.as_mut().unwrap();
        writeln!(orders, "again").unwrap();
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let pid = line.split_whitespace().nth(1).expect("PostgreSQL starts again");
        self.pid.store(pid.parse().unwrap(), Ordering::SeqCst);
    }

    /// A new, empty database on it.
    pub async fn database(self: &Arc<Self>) -> TestDatabase {
        TestDatabase::on(&self.url, Some(self.clone())).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.held.get_mut().map(Option::take));
        let _it_removed_its_files = self.guard.wait();
    }
}

/// An empty database; it is dropped with this value, its connections closed.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    name: String,
    server: String,
    _cluster: Option<Arc<Cluster>>,
}

impl TestDatabase {
    /// A new, empty database on the shared server, or on this process's own.
    pub async fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the service")]
        if let Ok(server) = std::env::var(SHARED) {
            return Self::on(&server, None).await;
        }
        let cluster = tokio::task::spawn_blocking(|| {
            let mut own = OWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            own.upgrade().unwrap_or_else(|| {
                let cluster = Arc::new(Cluster::start());
                *own = Arc::downgrade(&cluster);
                cluster
            })
        })
        .await
        .unwrap();
        cluster.database().await
    }

    /// `postgres://…`, for `--database`.
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn on(server: &str, cluster: Option<Arc<Cluster>>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        execute(server, &format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        Self { url, name, server: server.to_owned(), _cluster: cluster }
    }
}

impl Drop for TestDatabase {
    /// On a thread and a runtime of its own, since the test's may be ending.
    fn drop(&mut self) {
        let (server, statement) =
            (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            // A test may have killed the server, and its databases with it.
            let _gone = runtime.block_on(execute(&server, &statement));
            std::io::Result::Ok(())
        });
        let _dropped = dropping.join();
    }
}

/// Runs a statement on a server.
pub async fn execute(server: &str, statement: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await?;
    drop(client);
    let _closed = connection.await;
    Ok(())
}
