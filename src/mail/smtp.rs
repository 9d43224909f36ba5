use super::message::compose;
use super::{Mail, Sender, Transport, Undelivered};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// How long one command may take; a mail has a few, and [`Worker`](super::Worker) bounds them all.
const COMMAND: Duration = Duration::from_secs(20);

/// As many connections as the worker has mails under way.
const CONNECTIONS: u32 = 16;

/// How long a connection waits for the next mail; servers hang up after minutes.
const IDLE: Duration = Duration::from_secs(30);

/// Codes of 5xx that speak of us and not of the mail: an operator can put them right, and the mail
/// can wait for that. Authentication is wanted, too weak, refused, or to be encrypted (RFC 4954 §6).
const OURS: [u16; 4] = [530, 534, 535, 538];

/// The longest reason that is kept, in characters.
const REASON: usize = 200;

/// A mail server, and how to speak to it.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// Certificates to trust instead of the public ones, in PEM.
    pub ca: Option<Vec<u8>>,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// By TLS from its first byte.
    Implicit,
    /// By STARTTLS; a server that does not offer it gets no mail.
    Starttls,
    /// Not at all.
    Nothing,
}

/// The certificates to trust cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates to trust are no PEM: {0}")]
pub struct BadCertificates(#[source] Error);

/// Hands mails to a mail server by SMTP (RFC 5321).
///
/// A reply of 5xx is final, as RFC 5321 §4.2.1 has it, except where it speaks of us. Anything else
/// is tried again: a connection that breaks after the mail was sent may deliver it twice, and both
/// have one Message-ID.
#[derive(Clone)]
pub struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
}

impl Smtp {
    /// Will speak to `relay`; connects when there is a mail. To be called within a runtime.
    ///
    /// # Errors
    ///
    /// [`BadCertificates`].
    pub fn new(relay: Relay, sender: Sender) -> Result<Self, BadCertificates> {
        let tls = match relay.protection {
            Protection::Implicit => Tls::Wrapper(parameters(&relay)?),
            Protection::Starttls => Tls::Required(parameters(&relay)?),
            Protection::Nothing => Tls::None,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(relay.host)
            .port(relay.port)
            .tls(tls)
            .timeout(Some(COMMAND))
            .pool_config(pool);
        if let Some((user, password)) = relay.credentials {
            let password = password.expose_secret().to_owned();
            server = server.credentials(Credentials::new(user, password));
        }
        Ok(Self { server: server.build(), sender })
    }
}

fn parameters(relay: &Relay) -> Result<TlsParameters, BadCertificates> {
    let mut parameters = TlsParameters::builder(relay.host.clone());
    if let Some(ca) = &relay.ca {
        let roots = Certificate::from_pem(ca).map_err(BadCertificates)?;
        parameters =
            parameters.certificate_store(CertificateStore::None).add_root_certificate(roots);
    }
    parameters.build().map_err(BadCertificates)
}

impl Transport for Smtp {
    fn deliver(&self, mail: Arc<Mail>) -> BoxFuture<'static, Result<(), Undelivered>> {
        let Self { server, sender } = self.clone();
        async move {
            let message = compose(&mail, &sender).map_err(Undelivered::Refused)?;
            server.send(message).await.map(drop).map_err(|error| undelivered(&error))
        }
        .boxed()
    }

    fn check(&self) -> BoxFuture<'static, Result<(), Undelivered>> {
        let server = self.server.clone();
        async move {
            match server.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Undelivered::Later("it hung up".into())),
                Err(error) => Err(undelivered(&error)),
            }
        }
        .boxed()
    }
}

fn undelivered(error: &Error) -> Undelivered {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        // Some of lettre's errors show their cause themselves.
        let inner_said = inner.to_string();
        if !said.contains(&inner_said) {
            said = format!("{said}: {inner_said}");
        }
        cause = inner.source();
    }
    let reason = without_addresses(&said).into();
    let ours = error.status().is_some_and(|code| OURS.contains(&u16::from(code)));
    if error.is_permanent() && !ours {
        Undelivered::Refused(reason)
    } else {
        Undelivered::Later(reason)
    }
}

/// One line of what a server said, without the addresses that servers like to repeat.
fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|letter| !letter.is_control()).take(REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_kept_in_one_line_that_names_nobody() {
        let said = "550 5.1.1 <ana@example.com>:\r\n Recipient\u{7} unknown";

        assert_eq!(without_addresses(said), "550 5.1.1 … Recipient unknown");
        assert_eq!(without_addresses(&"x".repeat(1000)).len(), REASON);
    }
}
