//! A NATS server of a test's own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// A server on a port of its own; it ends with this value.
#[derive(Debug)]
pub struct Nats {
    process: Child,
    port: u16,
    config: String,
    folder: TempDir,
}

impl Nats {
    /// Starts one that lets everybody in.
    #[track_caller]
    pub fn start() -> Self {
        Self::with("")
    }

    /// Starts one with more in its configuration file; `FOLDER` is a folder of its own.
    #[track_caller]
    pub fn with(config: &str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), config)
    }

    /// Starts one whose folder has files already.
    #[track_caller]
    pub fn within(folder: TempDir, config: &str) -> Self {
        let config = config.replace("FOLDER", folder.path().to_str().unwrap());
        let (process, port) = run(&folder, -1, &config);
        Self { process, port, config, folder }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    #[track_caller]
    pub fn start_again(&mut self) {
        (self.process, _) = run(&self.folder, self.port.into(), &self.config);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs it until it says where it listens.
#[track_caller]
fn run(folder: &TempDir, port: i32, config: &str) -> (Child, u16) {
    let file = folder.path().join("nats.conf");
    std::fs::write(&file, config).unwrap();
    let mut process = Command::new(program("nats-server"))
        .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (said, log): (_, Receiver<u16>) = channel();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    // Read to its end, or the server would stop where nobody reads.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                let (_, port) = address.rsplit_once(':').unwrap();
                let _heard = said.send(port.trim().parse().unwrap());
            }
        }
    });
    let port = log.recv().expect("the NATS server starts");
    (process, port)
}

/// Where a program is that was installed, or unpacked by `tests/run`.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let debs = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debs/usr/sbin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), debs]);
    let found = folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: run tests/run"))
}
