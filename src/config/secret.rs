use super::{ConfigError, Database, files};
use crate::clock::random_bytes;
use crate::model::{OpaqueToken, ServerSecret};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file beside an SQLite database that keeps the secret nobody gave.
const KEPT_NAME: &str = "afterclick.secret";

/// The bits by which a file belongs to more than its owner.
const NOT_THE_OWNER: u32 = 0o077;

/// How many guesses a secret must withstand, as a power of ten: 10^18 is 60 bits, far below what
/// 32 random bytes give (10^64 or so) and above what phrases from examples do.
const GUESSES_LOG10: f64 = 18.0;

/// What people write when they mean to write something else later.
const PLACEHOLDERS: [&str; 10] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "replace",
    "password",
    "your-secret",
    "your_secret",
    "example",
    "insecure",
];

/// The installation's secret, or where it is kept.
#[derive(Debug, Clone)]
pub enum Secret {
    /// Given by flag or variable; strong enough.
    Given(SecretString),
    /// Made at the first start and kept in this file.
    Kept(PathBuf),
}

impl Secret {
    pub(super) fn check(
        given: Option<&SecretString>,
        database: &Database,
    ) -> Result<Self, ConfigError> {
        let given = given.filter(|secret| !secret.expose_secret().is_empty());
        match (given, database) {
            (Some(secret), _) => {
                refuse_weak(secret.expose_secret())?;
                Ok(Self::Given(secret.clone()))
            }
            (None, Database::Sqlite(path)) => Ok(Self::Kept(path.with_file_name(KEPT_NAME))),
            (None, Database::Postgres(_)) => Err(ConfigError::new(
                "secret",
                "needed with PostgreSQL, the same on every node: make one with openssl rand -base64 48",
            )),
        }
    }

    /// The secret, for deriving keys from; made and kept where there is none yet.
    ///
    /// Blocks for a disk write at the first start. Two processes that start at once on the same
    /// database get the same secret.
    ///
    /// # Errors
    ///
    /// Where the file cannot be made or read, others may read it, or it holds no fit secret.
    pub fn load(&self) -> Result<ServerSecret, ConfigError> {
        match self {
            Self::Given(secret) => Ok(ServerSecret::new(secret.expose_secret().as_bytes())),
            Self::Kept(path) => {
                if let Some(secret) = read(path)? {
                    return Ok(secret);
                }
                make(path).map_err(|error| {
                    let message =
                        format!("cannot keep a new secret in {}: {error}", path.display());
                    ConfigError::new("secret", message)
                })?;
                read(path)?
                    .ok_or_else(|| ConfigError::new("secret", "was removed while it was made"))
            }
        }
    }

    /// Refuses what [`Self::load`] would, and makes nothing.
    pub(super) fn verify(&self) -> Result<(), ConfigError> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Kept(path) => read(path).map(|_| ()),
        }
    }
}

/// The secret kept in `path`; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<ServerSecret>, ConfigError> {
    let failed =
        |error| ConfigError::new("secret", format!("cannot read {}: {error}", path.display()));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    files::refuse_readable_by(NOT_THE_OWNER, "secret", path, &metadata)?;
    let text = SecretString::from(fs::read_to_string(path).map_err(failed)?);
    let text = text.expose_secret().trim_end();
    refuse_weak(text)?;
    Ok(Some(ServerSecret::new(text.as_bytes())))
}

/// Keeps a new secret in `path`, unless another process just did.
///
/// It is written whole under a name of its own and then linked, since a link is never to half a
/// file and fails where the name is taken; a rename would replace the other process's secret.
fn make(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", u64::from_be_bytes(random_bytes())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(OpaqueToken::draw().reveal().as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Refuses what somebody could guess.
fn refuse_weak(secret: &str) -> Result<(), ConfigError> {
    let refuse = |message| Err(ConfigError::new("secret", message));
    if secret.len() < ServerSecret::MIN_BYTES {
        return refuse("write 32 bytes or more: make one with openssl rand -base64 48");
    }
    let lower = secret.to_lowercase();
    if PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder)) {
        return refuse("that is a placeholder: make one with openssl rand -base64 48");
    }
    if zxcvbn::zxcvbn(secret, &[]).guesses_log10() < GUESSES_LOG10 {
        return refuse("too easy to guess: make one with openssl rand -base64 48");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn kept(folder: &tempfile::TempDir) -> (Secret, PathBuf) {
        let database = Database::Sqlite(folder.path().join("data/afterclick.db"));
        let path = folder.path().join("data/afterclick.secret");
        (Secret::check(None, &database).unwrap(), path)
    }

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, path) = kept(&folder);
        secret.verify().unwrap();
        assert!(!path.exists(), "checking makes nothing");

        let first = secret.load().unwrap();
        let second = secret.load().unwrap();

        assert_eq!(first.derive("test", b"id"), second.derive("test", b"id"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no draft is left behind");
    }

    #[test]
    fn processes_that_start_at_once_share_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, _) = kept(&folder);

        let derived: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| secret.load().unwrap().derive("test", b"")))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });

        assert!(derived.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn s26_a_kept_secret_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, path) = kept(&folder);
        secret.load().unwrap();

        for mode in [0o644, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let line = secret.load().unwrap_err().to_string();
            assert!(line.starts_with("--secret (AFTERCLICK_SECRET): others may read "), "{line}");
            assert!(!line.contains(&fs::read_to_string(&path).unwrap()));
        }
    }

    #[test]
    fn s26_a_secret_that_could_be_guessed_is_refused() {
        for bad in [
            "short",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "changeme-please-1f9a8d7c6b5e4f3a2b1c",
            "abcabcabcabcabcabcabcabcabcabcabcabc",
            "0123456789012345678901234567890123456789",
            "abcdefghijklmnopqrstuvwxyzabcdefghij",
            "my-own-example-8sdf7h3kjh45kjh23k4jh",
        ] {
            assert!(refuse_weak(bad).is_err(), "{bad}");
        }
        for good in [OpaqueToken::draw().reveal(), "9f86d081884c7d659a2feaa0c55ad015"] {
            assert!(refuse_weak(good).is_ok(), "{good}");
        }
    }
}
