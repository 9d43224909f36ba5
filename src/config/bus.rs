use super::files::private_file;
use super::{ConfigError, addresses};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use url::Url;

/// What to write where a bus is not understood.
const FORMS: &str = "write local, or nats://TOKEN@HOST:PORT, nats://USER:PASSWORD@HOST:PORT, or tls://… \
                     (several servers with commas)";

/// How nodes tell each other of changes.
#[derive(Debug, Clone)]
pub enum Bus {
    /// Not at all: there is one, or they look into the database.
    Local,
    /// By NATS.
    Nats(Nats),
}

/// The NATS servers, and who connects to them.
#[derive(Debug, Clone)]
pub struct Nats {
    /// `nats://HOST:PORT` or `tls://HOST:PORT` each.
    pub servers: Vec<String>,
    /// As whom.
    pub credentials: NatsCredentials,
    /// A PEM file of authorities to trust instead of the machine's; it can be read.
    pub ca: Option<PathBuf>,
}

/// Who connects to NATS.
#[derive(Debug, Clone)]
pub enum NatsCredentials {
    /// Anybody.
    None,
    /// A token.
    Token(SecretString),
    /// A user and its password.
    Password(String, SecretString),
    /// A credentials file; it exists, and no stranger may read it.
    File(PathBuf),
}

impl Bus {
    pub(super) fn check(given: &SecretString, insecure_dev: bool) -> Result<Self, ConfigError> {
        let text = given.expose_secret();
        if text == "local" {
            return Ok(Self::Local);
        }
        let nats = Nats::check(text)?;
        let anybody = matches!(nats.credentials, NatsCredentials::None);
        if anybody && !insecure_dev && !nats.servers.iter().all(|server| is_loopback(server)) {
            return Err(refusal(
                "whoever reaches a NATS server without authentication reads its messages: write \
                 nats://TOKEN@…, nats://USER:PASSWORD@…, or ?credentials=FILE (--insecure-dev \
                 overrides)",
            ));
        }
        Ok(Self::Nats(nats))
    }
}

impl Nats {
    fn check(text: &str) -> Result<Self, ConfigError> {
        let (list, options) = text.split_once('?').unwrap_or((text, ""));
        let Some((scheme @ ("nats" | "tls"), _)) = list.split_once("://") else {
            return Err(refusal(FORMS));
        };
        let mut servers = Vec::new();
        let mut user = None;
        for server in list.split(',') {
            let whole =
                if server.contains("://") { server } else { &format!("{scheme}://{server}") };
            let url = Url::parse(whole).ok().filter(|url| url.scheme() == scheme);
            let url = url.filter(|url| matches!(url.path(), "" | "/") && url.fragment().is_none());
            let url = url.ok_or_else(|| refusal(FORMS))?;
            let host = url.host_str().filter(|host| !host.is_empty());
            let host = host.ok_or_else(|| refusal(FORMS))?;
            servers.push(format!("{scheme}://{host}:{}", url.port().unwrap_or(4222)));
            let named = (url.username().to_owned(), url.password().map(str::to_owned));
            match &user {
                None => user = Some(named),
                Some(first) if *first == named || named == (String::new(), None) => {}
                Some(_) => return Err(refusal("one user for all servers: name it at the first")),
            }
        }
        let (mut credentials, mut ca) = (credentials(user.unwrap_or_default())?, None);
        for (name, value) in url::form_urlencoded::parse(options.as_bytes()) {
            match &*name {
                "credentials" if matches!(credentials, NatsCredentials::None) => {
                    let file = private_file("bus", Some(PathBuf::from(&*value)))?;
                    credentials = file.map_or(NatsCredentials::None, NatsCredentials::File);
                }
                "credentials" => {
                    return Err(refusal("write a user or a credentials file, not both"));
                }
                "ca" => ca = Some(readable(Path::new(&*value))?),
                _ => return Err(refusal("after the ? there may be credentials=FILE and ca=FILE")),
            }
        }
        Ok(Self { servers, credentials, ca })
    }
}

fn credentials((user, password): (String, Option<String>)) -> Result<NatsCredentials, ConfigError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map(String::from);
        text.map_err(|_| refusal("user and password must be UTF-8, percent-encoded"))
    };
    Ok(match password {
        None if user.is_empty() => NatsCredentials::None,
        None => NatsCredentials::Token(decoded(&user)?.into()),
        Some(password) => NatsCredentials::Password(decoded(&user)?, decoded(&password)?.into()),
    })
}

fn readable(path: &Path) -> Result<PathBuf, ConfigError> {
    let read = std::fs::File::open(path);
    read.map_err(|error| refusal(&format!("cannot read {}: {error}", path.display())))?;
    Ok(path.to_owned())
}

fn is_loopback(server: &str) -> bool {
    let url = Url::parse(server).ok();
    url.is_some_and(|url| url.host_str().is_some_and(addresses::is_loopback_name))
}

fn refusal(message: &str) -> ConfigError {
    ConfigError::new("bus", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nats(text: &str) -> Nats {
        let Ok(Bus::Nats(nats)) = Bus::check(&text.into(), false) else {
            panic!("{text} is good");
        };
        nats
    }

    #[test]
    fn several_servers_share_a_user() {
        let nats = nats("nats://us%40er:p%3Ass@a,b:4333,nats://us%40er:p%3Ass@[::1]:1");

        assert_eq!(nats.servers, ["nats://a:4222", "nats://b:4333", "nats://[::1]:1"]);
        let NatsCredentials::Password(user, password) = nats.credentials else {
            panic!("there is a password");
        };
        assert_eq!((user.as_str(), password.expose_secret()), ("us@er", "p:ss"));
    }

    #[test]
    fn a_token_is_a_user_without_a_password_and_loopback_needs_none() {
        assert!(matches!(nats("tls://hunter2@a").credentials, NatsCredentials::Token(_)));
        assert!(matches!(nats("nats://localhost").credentials, NatsCredentials::None));
        assert_eq!(nats("tls://hunter2@a").servers, ["tls://a:4222"]);
    }

    #[test]
    fn files_are_named_after_a_question_mark() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display();

        let nats = nats(&format!("tls://nats.internal?credentials={path}&ca={path}"));

        assert!(matches!(nats.credentials, NatsCredentials::File(_)) && nats.ca.is_some());
    }
}
