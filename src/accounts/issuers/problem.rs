use super::fetch::BadUrl;
use super::{BadKey, UnreadableFile};
use std::fmt;
use std::path::PathBuf;
use toml::{Table, Value};

/// The settings of an `[[issuer]]`.
pub(super) const SETTINGS: [&str; 9] =
    ["iss", "aud", "algorithm", "secret", "pem_file", "jwks_file", "jwks_url", "private", "tenant"];

/// Why the issuers' file cannot be used: one line that names the file, the issuer, and the setting.
///
/// It never holds a secret, nor the value of any setting but `iss`.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {problem}", file.display())]
pub struct IssuersError {
    pub(super) file: PathBuf,
    pub(super) place: Place,
    pub(super) problem: Problem,
}

/// Where in the file: nothing, or the issuer, or the issuer and the setting.
#[derive(Debug, Default, Clone)]
pub(super) struct Place {
    pub(super) issuer: Option<String>,
    pub(super) setting: Option<&'static str>,
}

/// What is wrong there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    File(#[from] UnreadableFile),
    #[error("line {0} is not TOML")]
    Syntax(usize),
    #[error("{0}")]
    Shape(&'static str),
    #[error("unknown setting {0:?}; an [[issuer]] has {known}", known = SETTINGS.join(", "))]
    Unknown(String),
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error(transparent)]
    Url(#[from] BadUrl),
}

impl Place {
    /// The entry of this number from 0, by its `iss` where it has one.
    pub(super) fn of(number: usize, entry: &Table) -> Self {
        let iss = entry.get("iss").and_then(Value::as_str);
        let issuer = iss.map_or_else(|| format!("#{}", number + 1), |iss| format!("{iss:?}"));
        Self { issuer: Some(issuer), setting: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(issuer) = &self.issuer {
            write!(formatter, ": issuer {issuer}")?;
        }
        if let Some(setting) = self.setting {
            write!(formatter, ": {setting}")?;
        }
        Ok(())
    }
}
