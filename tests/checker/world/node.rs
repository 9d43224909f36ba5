use super::{Bus, Database, SECRET, Sink, killed_with_us, unpacked};
use crate::Settings;
use crate::proxy::Way;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// The node whose clock can be set.
pub const CLOCKED: usize = 2;

/// One node, and the ways to it and from it.
pub struct Node {
    pub index: usize,
    /// From clients.
    pub front: Way,
    /// To the database.
    pub database: Way,
    /// To the bus.
    pub bus: Way,
    settings: Vec<(&'static str, String)>,
    binary: PathBuf,
    clock: PathBuf,
    log: PathBuf,
    running: Mutex<Option<Running>>,
}

struct Running {
    child: Child,
    /// Open files and resident KiB when it had just started.
    fresh: (u64, u64),
}

impl Node {
    /// A node that does not run yet.
    pub async fn new(
        index: usize,
        settings: &Settings,
        folder: &Path,
        database: &Database,
        bus: Option<&Bus>,
        sink: &Sink,
    ) -> Self {
        let (front, to_database, to_bus) =
            (Way::open().await, Way::open().await, Way::open().await);
        to_database.lead_to(database.port);
        let mut variables = vec![
            ("AFTERCLICK_LISTEN", "127.0.0.1:0".to_owned()),
            ("AFTERCLICK_PUBLIC_URL", "http://localhost:8080".to_owned()),
            ("AFTERCLICK_DATABASE_URL", database.by(to_database.port)),
            ("AFTERCLICK_SECRET", SECRET.to_owned()),
            ("AFTERCLICK_MAIL_URL", format!("smtp://127.0.0.1:{}?tls=none", sink.port)),
            ("AFTERCLICK_LIMIT_LOG_IN", "off".to_owned()),
            ("AFTERCLICK_LIMIT_SIGN_UP", "off".to_owned()),
            // A mute stream is told from a quiet one in seconds, and the whole log is kept.
            ("AFTERCLICK_HEARTBEAT", "1s".to_owned()),
            ("AFTERCLICK_HISTORY", "10000/7d".to_owned()),
            ("AFTERCLICK_DRAIN", "1s".to_owned()),
            ("AFTERCLICK_BUG", settings.bug.clone()),
        ];
        if let Some(bus) = bus {
            to_bus.lead_to(bus.port);
            variables.push(("AFTERCLICK_BUS_URL", format!("nats://127.0.0.1:{}", to_bus.port)));
        }
        let clock = folder.join(format!("node-{index}.clock"));
        fs::write(&clock, "+0").unwrap();
        if index == CLOCKED {
            let faketime =
                format!("usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
            let faketime = unpacked(&faketime);
            assert!(faketime.exists(), "libfaketime is missing: tests/run unpacks it");
            variables.push(("LD_PRELOAD", faketime.display().to_string()));
            variables.push(("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()));
            variables.push(("FAKETIME_CACHE_DURATION", "1".to_owned()));
            variables.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()));
        }
        Self {
            index,
            front,
            database: to_database,
            bus: to_bus,
            settings: variables,
            binary: settings.binary.clone(),
            clock,
            log: folder.join(format!("node-{index}.log")),
            running: Mutex::new(None),
        }
    }

    /// The program with this node's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = killed_with_us(&self.binary);
        command.args(arguments).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it and waits until it listens.
    pub async fn start(&self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut child =
            self.command(&["serve"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        let line = line
            .unwrap_or_else(|| panic!("node {} did not start: {}", self.index, self.log.display()));
        let port = line.rsplit_once(':').unwrap().1.parse().unwrap();
        self.front.lead_to(port);
        let fresh = holds(child.id().unwrap());
        *self.running.lock().await = Some(Running { child, fresh });
    }

    /// Sends a signal to it, where it runs.
    pub async fn send(&self, kind: Signal) {
        if let Some(running) = &*self.running.lock().await {
            signal(running.child.id(), kind);
        }
    }

    /// Ends it by a signal and waits until it is gone.
    pub async fn end(&self, kind: Signal) {
        if let Some(mut running) = self.running.lock().await.take() {
            signal(running.child.id(), kind);
            running.child.wait().await.unwrap();
        }
    }

    /// Its process, where it runs and is not about to end.
    pub fn process(&self) -> Option<u32> {
        self.running.try_lock().ok()?.as_ref()?.child.id()
    }

    /// Sets its clock off by so many seconds.
    pub fn set_clock(&self, seconds: i64) {
        // Renamed in, since it may be read at any moment.
        let beside = self.clock.with_extension("new");
        fs::write(&beside, format!("{seconds:+}")).unwrap();
        fs::rename(&beside, &self.clock).unwrap();
    }

    /// What it held when it had just started, and holds now: open files and resident KiB.
    pub async fn held(&self) -> ((u64, u64), (u64, u64)) {
        let running = self.running.lock().await;
        let running = running.as_ref().unwrap();
        let now = holds(running.child.id().unwrap());
        ((running.fresh.0, now.0), (running.fresh.1, now.1))
    }

    /// All that it logged.
    pub fn logged(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Where clients find it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.front.port)
    }

    /// Waits until it says that all it needs answers.
    pub async fn is_ready(&self) {
        let client = crate::people::client();
        loop {
            let asked =
                client.get(self.url("/readyz")).timeout(Duration::from_secs(2)).send().await;
            if asked.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Sends a signal to a process that this run started.
pub fn signal(id: Option<u32>, kind: Signal) {
    let pid = id.and_then(|id| Pid::from_raw(id.try_into().unwrap()));
    if let Some(pid) = pid {
        // It may have ended by itself.
        let _ = kill_process(pid, kind);
    }
}

fn holds(pid: u32) -> (u64, u64) {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = memory.and_then(|line| line.split_whitespace().next()?.parse().ok());
    (files as u64, memory.unwrap_or_default())
}
