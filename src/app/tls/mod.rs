//! The service's own side of TLS.

mod pair;

use super::watched::{LOOK, Seen, hung_up};
use crate::config::{ConfigError, TlsFiles};
use arc_swap::ArcSwap;
use pair::Pair;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What a client may ask for in its hello, the better first (RFC 7301 §6).
pub(super) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Whether a service could speak TLS with these files.
///
/// # Errors
///
/// The setting whose file cannot be used, and what to write.
pub fn check_certificate(files: &TlsFiles) -> Result<(), ConfigError> {
    Pair::read(files, &aws_lc_rs::default_provider()).map(drop)
}

/// The certificate and its key, read from files and kept as the files have them.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    seen: Seen,
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
}

/// The certificate that clients are shown now.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// The setting whose file cannot be used.
    pub fn read(files: TlsFiles) -> Result<Self, ConfigError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        // Before they are read, so that what changes meanwhile is read again.
        let seen = Seen::now(vec![files.cert.clone(), files.key.clone()]);
        let pair = Pair::read(&files, &provider)?;
        told(&pair);
        let shown = Arc::new(Shown(ArcSwap::from_pointee(pair.certified)));
        Ok(Self { files, seen, provider, shown })
    }

    /// What shakes hands with clients: TLS 1.2 and 1.3. A client that comes again is known by what it
    /// was given itself, so that no memory is taken for it, and thousands who were sent away at once
    /// need no signature each.
    ///
    /// # Errors
    ///
    /// Where the library cannot do what it is built for.
    pub fn acceptor(&self) -> Result<TlsAcceptor, ConfigError> {
        let refuse = |error: rustls::Error| ConfigError::new("tls-cert", error.to_string());
        let versions = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(refuse)?;
        let shown: Arc<Shown> = Arc::clone(&self.shown);
        let mut config = versions.with_no_client_auth().with_cert_resolver(shown);
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(refuse)?;
        Ok(Arc::new(config).into())
    }

    /// Shows the certificate that the files have: looks every few seconds, and at once upon SIGHUP.
    /// What cannot be used changes nothing, and is said once. Connections that are open stay so.
    pub async fn keep(mut self) {
        let mut hangup = self.seen.hangup();
        let (mut failed, mut looks) = (None, 0);
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(LOOK) => false,
                asked = hung_up(&mut hangup) => asked,
            };
            if !self.seen.look() && !asked && failed.is_none() {
                continue;
            }
            match Pair::read(&self.files, &self.provider) {
                Ok(pair) => {
                    failed = None;
                    count("taken");
                    told(&pair);
                    self.shown.0.store(Arc::new(pair.certified));
                }
                Err(error) => {
                    count("refused");
                    let said = Some(error.to_string());
                    looks = if failed == said { looks + 1 } else { 1 };
                    // Two files are not replaced in one instant: what does not fit may fit soon.
                    if looks == 2 {
                        tracing::error!("the certificate stays as it was: {error}");
                    }
                    failed = said;
                }
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("afterclick_tls_reads_total", "outcome" => outcome).increment(1);
}

fn told(pair: &Pair) {
    let seconds = u32::try_from(pair.expires_at.seconds()).unwrap_or(u32::MAX);
    metrics::gauge!("afterclick_tls_certificate_expires_timestamp_seconds").set(seconds);
    tracing::info!(expires.at = %pair.expires_at, "the certificate was read");
}
