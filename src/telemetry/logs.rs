use super::lines::Lines;
use std::io::{IsTerminal, stderr};
use std::panic::{self, PanicHookInfo};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

/// What is written unless `RUST_LOG` says otherwise: not what libraries tell at every start.
const USUAL: &str = "info,actix_server=warn,async_nats=warn";

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in colour on a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Why the logs could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BadFilter {
    /// `RUST_LOG` does not parse.
    #[error("write levels by target, such as info or afterclick=debug,warn")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another part of this process has logs of its own, or no thread could be had.
    #[error("cannot start logging")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The running logs; dropping it writes out what still waits, for a second at most.
#[derive(Debug)]
pub struct Logs(Lines);

impl Logs {
    /// Starts logging to standard error for the rest of the process, panics included.
    ///
    /// `RUST_LOG` filters; without it everything from `info` up is written, less a library's greetings. Neither a full nor a
    /// closed standard error stops or fails anything.
    ///
    /// # Errors
    ///
    /// See [`BadFilter`].
    pub fn start(format: Format) -> Result<Self, BadFilter> {
        let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
        let filter = match std::env::var_os(EnvFilter::DEFAULT_ENV) {
            Some(_) => filter.from_env().map_err(|error| BadFilter::Unreadable(error.into()))?,
            None => filter.parse_lossy(USUAL),
        };
        let lines = Lines::to(stderr()).map_err(|error| BadFilter::Start(error.into()))?;
        tracing_subscriber::registry()
            .with(layer(format, lines.clone()).with_filter(filter))
            .try_init()
            .map_err(|error| BadFilter::Start(error.into()))?;
        panic::set_hook(Box::new(log_panic));
        Ok(Self(lines))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// `log_internal_errors` is off because it reports with `eprintln!`, which panics where standard
/// error is closed.
fn layer(format: Format, lines: Lines) -> Box<dyn Layer<Registry> + Send + Sync> {
    let plain = fmt::layer().with_writer(lines).log_internal_errors(false);
    match format {
        Format::Pretty => plain.with_ansi(stderr().is_terminal()).boxed(),
        Format::Json => plain.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    ::metrics::counter!("afterclick_panics_total").increment(1);
    tracing::error!(
        panic.location = panic.location().map(tracing::field::display),
        panic.thread = std::thread::current().name(),
        "panicked: {}",
        panic.payload_as_str().unwrap_or("(no message)"),
    );
}
