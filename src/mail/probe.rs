use super::Transport;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two questions while all is well, and while it is not.
const WELL: Duration = Duration::from_secs(30);
const ILL: Duration = Duration::from_secs(5);

/// Whether the transport answers, for `/readyz` and the metrics: asked again and again, so that an
/// operator hears of a mail server that is away before the first user does.
#[derive(Debug, Clone)]
pub struct Probe(Arc<AtomicBool>);

impl Default for Probe {
    /// Well, until it was asked.
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Probe {
    /// Whether it answered when it was asked last.
    pub fn is_well(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks for ever, and tells of each change once.
    pub async fn run(self, transport: Arc<dyn Transport>) {
        loop {
            let outcome = timeout(PATIENCE, transport.check()).await;
            let cause = match &outcome {
                Ok(Ok(())) => None,
                Ok(Err(undelivered)) => Some(undelivered.cause()),
                Err(_) => Some("it takes too long".to_owned()),
            };
            let well = cause.is_none();
            metrics::gauge!("afterclick_mail_server_up").set(f64::from(u8::from(well)));
            let was = self.0.swap(well, Ordering::Relaxed);
            match cause {
                None if !was => info!("the mail server answers"),
                Some(cause) if was => {
                    warn!(cause, "the mail server does not answer: mails wait until it does");
                }
                _ => {}
            }
            sleep(if well { WELL } else { ILL }).await;
        }
    }
}
