use super::ConfigError;
use super::files::{file, private_file};
use std::path::PathBuf;

/// With what the service speaks TLS itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate in PEM, and after it those that vouch for it.
    pub cert: PathBuf,
    /// Its key in PEM; no stranger may read it.
    pub key: PathBuf,
}

impl TlsFiles {
    pub(super) fn check(
        cert: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Option<Self>, ConfigError> {
        match (file("tls-cert", cert)?, private_file("tls-key", key)?) {
            (Some(cert), Some(key)) => Ok(Some(Self { cert, key })),
            (None, None) => Ok(None),
            (Some(_), None) => {
                let message = "needed with --tls-cert: write the file that has the certificate's \
                               key, in PEM";
                Err(ConfigError::new("tls-key", message))
            }
            (None, Some(_)) => {
                let message = "needed with --tls-key: write the file that has the certificate and \
                               those that vouch for it, in PEM";
                Err(ConfigError::new("tls-cert", message))
            }
        }
    }
}
