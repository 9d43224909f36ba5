use crate::config::{ConfigError, TlsFiles};
use crate::model::Micros;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// A certificate with those that vouch for it and its key, as the files have them now.
#[derive(Debug)]
pub(super) struct Pair {
    pub certified: CertifiedKey,
    /// When the first of the certificates expires.
    pub expires_at: Micros,
}

impl Pair {
    /// Reads the files; nothing of the key is in what it says of them.
    pub fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<Self, ConfigError> {
        let refuse = |message: String| ConfigError::new("tls-cert", message);
        let path = files.cert.display();
        let chain = CertificateDer::pem_file_iter(&files.cert).and_then(Iterator::collect);
        let chain: Vec<_> = chain.map_err(|error| refuse(unreadable(&files.cert, &error)))?;
        let ends = chain.iter().map(expires_at).collect::<Option<Vec<_>>>();
        let expires_at = ends.and_then(|ends| ends.into_iter().min()).ok_or_else(|| {
            refuse(format!("{path} has no certificate that can be read: write it in PEM"))
        })?;
        let refuse = |message: String| ConfigError::new("tls-key", message);
        let key = PrivateKeyDer::from_pem_file(&files.key);
        let key = key.map_err(|error| refuse(unreadable(&files.key, &error)))?;
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let key = files.key.display();
            let message = match error {
                rustls::Error::InconsistentKeys(_) => format!(
                    "{key} is not the key of the first certificate in {path}: write the service's \
                     own first, and after it those that vouch for it"
                ),
                other => format!("{key} cannot be used: {other}"),
            };
            refuse(message)
        })?;
        Ok(Self { certified, expires_at })
    }
}

/// What is wrong with a file, without a line of it.
fn unreadable(path: &Path, error: &Error) -> String {
    let path = path.display();
    match error {
        Error::Io(error) => format!("cannot read {path}: {error}"),
        _ => format!("there is nothing in {path} that can be read: write it in PEM"),
    }
}

fn expires_at(certificate: &CertificateDer<'_>) -> Option<Micros> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Some(Micros::from_seconds(i64::try_from(end.as_secs()).ok()?))
}
