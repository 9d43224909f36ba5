use super::{killed_with_us, unpacked};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::Mutex;

/// A real nats-server, which can be killed and started again where it was.
pub struct Bus {
    pub port: u16,
    folder: PathBuf,
    child: Mutex<Child>,
}

impl Bus {
    /// Starts one on any free port.
    pub async fn start(folder: &Path) -> Self {
        let child = spawn(folder, "-1");
        let ports = folder.join(format!("nats-server_{}.ports", child.id().unwrap()));
        let port = loop {
            // It tells its port in a file, once it listens.
            let told = std::fs::read_to_string(&ports).unwrap_or_default();
            let port =
                told.split("nats://127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next());
            if let Some(port) = port {
                break port.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Self { port, folder: folder.to_owned(), child: Mutex::new(child) }
    }

    /// Kills it.
    pub async fn kill(&self) {
        self.child.lock().await.kill().await.unwrap();
    }

    /// Starts it again on the port where it was.
    pub async fn revive(&self) {
        *self.child.lock().await = spawn(&self.folder, &self.port.to_string());
    }
}

fn spawn(folder: &Path, port: &str) -> Child {
    let program = ["usr/sbin/nats-server", "usr/bin/nats-server"].map(unpacked);
    let program = program.iter().find(|program| program.exists());
    let program = program.expect("nats-server is missing: tests/run unpacks it");
    killed_with_us(program)
        .args(["--addr", "127.0.0.1", "--port", port, "--ports_file_dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
