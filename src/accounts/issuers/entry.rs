use super::problem::{Place, Problem, SETTINGS};
use super::{Algorithm, GuardedFile, Issuer, Keys, RemoteKeys, Source, VerifyingKey};
use crate::model::TenantName;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::{Table, Value};
use url::Url;

/// The four ways to name a key, of which each issuer has exactly one.
const KEY_SETTINGS: [&str; 4] = ["secret", "pem_file", "jwks_file", "jwks_url"];

/// The longest `iss` or `aud`, in bytes; a token that could hold a longer one is itself refused.
const MAX_NAME: usize = 1024;

/// One `[[issuer]]` being read, and how far the reading has come.
pub(super) struct Reading<'a> {
    pub(super) entry: &'a Table,
    pub(super) folder: &'a Path,
    pub(super) insecure_dev: bool,
    /// The key files that were read.
    pub(super) files: Vec<PathBuf>,
    pub(super) place: Place,
}

impl Reading<'_> {
    pub(super) fn issuer(&mut self) -> Result<Issuer, Problem> {
        let unknown = self.entry.keys().find(|name| !SETTINGS.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(Problem::Unknown(name.clone()));
        }
        let iss = self.name("iss")?;
        let audiences = self.audiences()?;
        let algorithm = Algorithm::named(self.text("algorithm")?)
            .ok_or(Problem::Shape("is one of HS256, RS256, ES256, EdDSA"))?;
        let keys = self.keys(algorithm)?;
        self.place.setting = Some("tenant");
        let tenant = match self.entry.get("tenant") {
            None => TenantName::built_in(),
            Some(value) => value
                .as_str()
                .and_then(|name| name.parse().ok())
                .ok_or(Problem::Shape("is 1 to 32 characters of a-z, 0-9, and -"))?,
        };
        Ok(Issuer { iss, audiences, keys, tenant })
    }

    fn text(&mut self, setting: &'static str) -> Result<&str, Problem> {
        self.place.setting = Some(setting);
        let value = self.entry.get(setting).ok_or(Problem::Shape("is missing"))?;
        value.as_str().ok_or(Problem::Shape("is not a string"))
    }

    fn name(&mut self, setting: &'static str) -> Result<String, Problem> {
        let text = self.text(setting)?;
        checked_name(text).map(str::to_owned)
    }

    fn audiences(&mut self) -> Result<Vec<String>, Problem> {
        let Some(Value::Array(list)) = self.entry.get("aud") else {
            return Ok(vec![self.name("aud")?]);
        };
        self.place.setting = Some("aud");
        if list.is_empty() {
            return Err(Problem::Shape("is an empty list"));
        }
        let name = |value: &Value| {
            let text = value.as_str().ok_or(Problem::Shape("is not a list of strings"))?;
            checked_name(text).map(str::to_owned)
        };
        list.iter().map(name).collect()
    }

    fn keys(&mut self, algorithm: Algorithm) -> Result<Source, Problem> {
        self.place.setting = None;
        let mut given = KEY_SETTINGS.into_iter().filter(|name| self.entry.contains_key(*name));
        let (Some(setting), None) = (given.next(), given.next()) else {
            return Err(Problem::Shape(
                "needs exactly one of secret, pem_file, jwks_file, jwks_url",
            ));
        };
        let value = self.text(setting)?.to_owned();
        if (setting == "secret") != (algorithm == Algorithm::Hs256) {
            return Err(Problem::Shape(
                "does not fit: HS256 takes a secret, the others a key file",
            ));
        }
        match setting {
            "secret" => Ok(Keys::one(VerifyingKey::shared(value.as_bytes())?).into()),
            "pem_file" => {
                let file = self.key_file(&value)?;
                Ok(Keys::one(VerifyingKey::pem(algorithm, file.bytes())?).into())
            }
            "jwks_file" => Ok(Keys::jwks(algorithm, self.key_file(&value)?.bytes())?.into()),
            _ => self.remote(algorithm, &value),
        }
    }

    fn key_file(&mut self, name: &str) -> Result<GuardedFile, Problem> {
        let path = self.folder.join(name);
        self.files.push(path.clone());
        Ok(GuardedFile::read(&path)?)
    }

    fn remote(&mut self, algorithm: Algorithm, url: &str) -> Result<Source, Problem> {
        let (url, setting) = (Url::parse(url), self.place.setting);
        self.place.setting = Some("private");
        let private = match self.entry.get("private") {
            None => false,
            Some(value) => value.as_bool().ok_or(Problem::Shape("is true or false"))?,
        };
        self.place.setting = setting;
        let url = url.map_err(|_| Problem::Shape("is not a URL"))?;
        let remote = RemoteKeys::new(url, algorithm, private, self.insecure_dev)?;
        Ok(Source::Remote(Arc::new(remote)))
    }
}

/// Refuses what would match nothing, or break a line of the log.
fn checked_name(text: &str) -> Result<&str, Problem> {
    if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
        return Err(Problem::Shape("is empty, longer than 1024 bytes, or has control characters"));
    }
    Ok(text)
}
