//! The real processes of a run, and the ways between them.

mod bus;
mod database;
mod node;
mod sink;

pub use bus::Bus;
pub use database::Database;
pub use node::{CLOCKED, Node};
pub use sink::Sink;

use crate::Settings;
use crate::history::Recorder;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// How many nodes there are.
pub const NODES: usize = 3;

/// Signs everything; the same on every node.
const SECRET: &str = "a secret of the checker, long and odd enough: 7hQ2xZ9vL4";

/// Everything that runs.
pub struct World {
    pub recorder: Arc<Recorder>,
    pub nodes: Vec<Node>,
    pub database: Database,
    pub bus: Option<Bus>,
    pub sink: Sink,
    /// The application's own key.
    pub key: String,
}

impl World {
    /// Starts everything and waits until it serves.
    pub async fn start(settings: &Settings, folder: &Path, recorder: Arc<Recorder>) -> Self {
        let database = Database::start().await;
        let bus = if settings.bus { Some(Bus::start(folder).await) } else { None };
        let sink = Sink::start(Arc::clone(&recorder)).await;
        let mut nodes = Vec::new();
        for index in 0..NODES {
            let node = Node::new(index, settings, folder, &database, bus.as_ref(), &sink).await;
            node.start().await;
            nodes.push(node);
        }
        let arguments = ["keys", "create", "--name", "checker"];
        let made = nodes[0].command(&arguments).output().await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self { recorder, nodes, database, bus, sink, key }
    }

    /// Ends every node at once, and then the database, which leaves no file behind.
    pub async fn stop(&self) {
        for node in &self.nodes {
            node.end(Signal::KILL).await;
        }
        self.database.end().await;
    }
}

/// Where a program or library of a Debian package is, installed or unpacked by tests/run.
fn unpacked(path: &str) -> PathBuf {
    let below = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debs").join(path);
    let installed = Path::new("/").join(path);
    if installed.exists() { installed } else { below }
}

/// A program that the kernel kills with the run, however that ends, even while it is stopped.
fn killed_with_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.kill_on_drop(true).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A program of this project's that ends by itself when its standard input does, as it does with
/// the run, however that ends.
fn ends_with_input(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
