use super::{Device, PASSWORD, soon};
use afterclick::app::Server;
use afterclick::cli::Cli;
use afterclick::clock::{Clock, HeldClock, SystemClock};
use afterclick::config::{Config, Machine};
use afterclick::feed::Connections;
use afterclick::model::UserRef;
use clap::Parser;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A running service with a database, a port, and a development inbox of its own.
///
/// Sign-ups and log-ins are not limited unless a test says so: all of its people share one address.
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    server: Option<Server>,
    folder: TempDir,
    flags: Vec<String>,
    clock: Option<Arc<HeldClock>>,
}

impl App {
    /// A service with its default settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A service with these flags beside the usual ones.
    pub async fn with(flags: &[&str]) -> Self {
        Self::build(flags, None).await
    }

    /// A service whose clock stands still until [`App::advance`].
    pub async fn with_held_clock(flags: &[&str]) -> Self {
        let now = SystemClock::default().now();
        Self::build(flags, Some(Arc::new(HeldClock::at(now)))).await
    }

    async fn build(flags: &[&str], clock: Option<Arc<HeldClock>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let address = "127.0.0.1:0".parse().unwrap();
        let mut app = Self { address, server: None, folder, flags, clock };
        app.run().await;
        app
    }

    async fn run(&mut self) {
        let config = self.config();
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(held) => Arc::clone(held) as Arc<dyn Clock>,
            None => Arc::new(SystemClock::default()),
        };
        let server = Server::start(&config, clock).await.unwrap();
        self.address = server.address;
        self.server = Some(server);
    }

    /// The settings, as the command line would have them.
    pub fn config(&self) -> Config {
        let database = format!("sqlite:{}", self.database().display());
        let usual = [
            ("--listen", "127.0.0.1:0"),
            ("--database", database.as_str()),
            ("--limit-sign-up", "off"),
            ("--limit-log-in", "off"),
            ("--drain", "200ms"),
        ];
        let given: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        // A test's own flag replaces the usual one.
        let usual = usual.into_iter().filter(|(flag, _)| !given.contains(flag));
        let mut line = vec!["afterclick"];
        line.extend(usual.flat_map(|(flag, value)| [flag, value]));
        line.extend(given);
        Cli::parse_from(line).settings().check(Machine::this()).unwrap()
    }

    /// What a test set itself.
    fn given(&self, flag: &str) -> Option<String> {
        let at = self.flags.iter().position(|given| given == flag)?;
        self.flags.get(at + 1).cloned()
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("afterclick.db")
    }

    /// The service's URL with `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Moves a held clock on.
    pub fn advance(&self, span: Duration) {
        self.clock.as_ref().expect("the clock is held").advance(span);
    }

    /// Ends the service as SIGTERM would, and starts another on the same database.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    /// Starts a service that was stopped, on the same database.
    pub async fn start_again(&mut self) {
        self.run().await;
    }

    /// Where it listens for operators.
    pub fn operator_address(&self) -> Option<SocketAddr> {
        self.server.as_ref().and_then(|server| server.operator_address)
    }

    /// Ends the service as SIGTERM would.
    pub async fn stop(&mut self) {
        let server = self.server.take().expect("the service runs");
        soon("draining", server.stop()).await;
    }

    /// Begins to drain, in the background.
    pub fn drain(&mut self) -> tokio::task::JoinHandle<()> {
        let server = self.server.take().expect("the service runs");
        tokio::spawn(server.stop())
    }

    /// Who of a user's listens.
    pub fn connections(&self, user: &UserRef) -> Connections {
        self.server.as_ref().expect("the service runs").feed().connections(user)
    }

    /// A device that nobody is logged in on: a browser with an empty cookie jar.
    pub fn device(&self) -> Device {
        Device::new(format!("http://{}", self.address))
    }

    /// A device on which `email` has signed up and logged in.
    pub async fn signed_up(&self, email: &str) -> Device {
        let device = self.device();
        device.sign_up(email, PASSWORD).await;
        device.log_in(email, PASSWORD).await;
        device
    }

    /// The mails to an address, newest first, as soon as there are `count` of them.
    pub async fn mails(&self, to: &str, count: usize) -> Vec<Value> {
        let device = self.device();
        let path = format!("/dev/inbox.json?to={}", to.replace('+', "%2B").replace('@', "%40"));
        soon("a mail", async {
            loop {
                let mails = device.get(&path).await.body;
                let mails = mails.as_array().unwrap().clone();
                if mails.len() >= count {
                    return mails;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// The path of the link in the newest mail to an address.
    pub async fn link(&self, to: &str) -> String {
        let mails = self.mails(to, 1).await;
        let link = mails[0]["link"].as_str().unwrap();
        link.strip_prefix(&format!("http://{}", self.address)).unwrap().to_owned()
    }

    /// The code in the newest mail to an address.
    pub async fn code(&self, to: &str) -> String {
        self.mails(to, 1).await[0]["code"].as_str().unwrap().to_owned()
    }

    /// Runs a command of the program on the service's database; its standard output.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.try_command(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command of the program on the service's database, however it ends.
    pub fn try_command(&self, arguments: &[&str]) -> Output {
        let database = self.given("--database");
        let database = database.unwrap_or_else(|| format!("sqlite:{}", self.database().display()));
        // It is in the tokens that the command line makes.
        let url = self.given("--public-url").filter(|url| url.starts_with("http://127."));
        let url = url.unwrap_or_else(|| self.url(""));
        Command::new(env!("CARGO_BIN_EXE_afterclick"))
            .args(arguments)
            .args(self.given("--secret").iter().flat_map(|secret| ["--secret", secret]))
            .args(["--database", &database, "--public-url", &url])
            .output()
            .unwrap()
    }

    /// A backend of `tenant` with a new API key.
    pub fn backend(&self, tenant: &str) -> Device {
        let key = self.command(&["keys", "create", "--name", "tests", "--tenant", tenant]);
        self.device().with_bearer(&key)
    }
}
