use super::ConfigError;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;
use url::Url;

/// What to write where a database's URL is not understood.
const FORMS: &str =
    "write sqlite:PATH for a file, or postgres://USER:PASSWORD@HOST:PORT/NAME for a server";

/// Where everything is kept.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file of this machine, for one process.
    Sqlite(PathBuf),
    /// A server, for any number of nodes.
    Postgres(PostgresUrl),
}

/// A PostgreSQL server's URL, which may hold a password.
#[derive(Clone)]
pub struct PostgresUrl(SecretString);

impl PostgresUrl {
    /// The URL with its password.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The URL with the first only of several hosts (`HOST:PORT,HOST:PORT`), which no URL has.
fn first_host(text: &str) -> String {
    let begins = text.find("://").map_or(0, |at| at + 3);
    let ends = text[begins..].find(['/', '?']).map_or(text.len(), |at| begins + at);
    let hosts = text[begins..ends].rfind('@').map_or(begins, |at| begins + at + 1);
    let first = text[hosts..ends].split(',').next().unwrap_or_default();
    format!("{}{first}{}", &text[..hosts], &text[ends..])
}

/// The first host and the database only.
impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&first_host(self.reveal())).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or("…");
        let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}"));
        let name = url.as_ref().map_or("/…", Url::path);
        write!(formatter, "postgres://{host}{}{name}", port.unwrap_or_default())
    }
}

impl Database {
    pub(super) fn check(given: &SecretString) -> Result<Self, ConfigError> {
        let refuse = |message: &str| Err(ConfigError::new("database", message));
        let text = given.expose_secret();
        match text.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                let path = path.strip_prefix("file:").unwrap_or(path);
                if path.is_empty() || path.contains(":memory:") || path.contains(['?', '\0']) {
                    return refuse(
                        "an SQLite database is a file here: write sqlite:PATH, without options",
                    );
                }
                if path.ends_with('/') || PathBuf::from(path).is_dir() {
                    return refuse("that is a folder: write sqlite:FOLDER/afterclick.db");
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            Some(("postgres" | "postgresql", _)) => match Url::parse(&first_host(text)) {
                // A host may be missing: `postgres:///name?host=/var/run/postgresql`.
                Ok(url) if url.path().len() > 1 => Ok(Self::Postgres(PostgresUrl(given.clone()))),
                Ok(_) => refuse("the database's name is missing: postgres://…/NAME"),
                Err(error) => refuse(&format!("{error}; {FORMS}")),
            },
            _ => refuse(FORMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_url_is_a_path() {
        for (text, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:/var/lib/b.db", "/var/lib/b.db"),
            ("sqlite:///var/lib/b.db", "/var/lib/b.db"),
            ("sqlite://b.db", "b.db"),
        ] {
            let database = Database::check(&text.into());
            assert!(matches!(database, Ok(Database::Sqlite(found)) if found.as_os_str() == path));
        }
    }

    #[test]
    fn a_servers_password_is_not_shown() {
        let Ok(Database::Postgres(url)) = Database::check(
            &"postgres://ana:hunter2@db.internal:5433/clicks?sslmode=require".into(),
        ) else {
            panic!("a PostgreSQL URL is one");
        };

        assert_eq!(format!("{url:?}"), "postgres://db.internal:5433/clicks");
        assert!(url.reveal().contains("hunter2"));
    }

    #[test]
    fn several_servers_may_be_named() {
        let given = "postgres://ana:hunter2@a:1,b:2/clicks?target_session_attrs=read-write";

        let Ok(Database::Postgres(url)) = Database::check(&given.into()) else {
            panic!("a list of hosts is good");
        };

        assert_eq!((url.reveal(), format!("{url:?}").as_str()), (given, "postgres://a:1/clicks"));
    }
}
