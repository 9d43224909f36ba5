use super::Password;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Argon2id with 19 MiB, two passes, and one lane: OWASP's first choice for small machines.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of a password with its salt.
#[derive(Clone)]
pub struct PasswordHash([u8; 32]);

/// More passwords are waiting than this node means to hash; to be answered by 503 and `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Hashes passwords, a few at a time and off the threads that serve everybody else.
#[derive(Clone)]
pub struct Passwords {
    /// Places at work and in line together; without one the answer is [`Busy`] at once.
    places: Arc<Semaphore>,
    /// Places at work.
    work: Arc<Semaphore>,
}

impl PasswordHash {
    /// What the database held; `None` where it is not 32 bytes.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The 32 bytes, to be stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same, in a time that tells nothing of where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

impl Passwords {
    /// Hashes `parallel` passwords at once, each with 19 MiB, while `waiting` more stand in line.
    ///
    /// `parallel` below 1 counts as 1.
    pub fn new(parallel: usize, waiting: usize) -> Self {
        let parallel = parallel.clamp(1, Semaphore::MAX_PERMITS / 2);
        let places = parallel + waiting.min(Semaphore::MAX_PERMITS / 2);
        Self { places: Arc::new(Semaphore::new(places)), work: Arc::new(Semaphore::new(parallel)) }
    }

    /// The hash of `password` with `salt`, some 25 ms of work on a thread for blocking work.
    ///
    /// A caller that goes away while it waits gives up its place; one that goes away later leaves
    /// the work to be finished, and its place taken until then: there are never more at work than
    /// `parallel`, however many callers come and go.
    ///
    /// # Errors
    ///
    /// [`Busy`] where the line is full, and where the process is going down.
    pub async fn hash(&self, password: &Password, salt: &[u8; 16]) -> Result<PasswordHash, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let worker = Arc::clone(&self.work).acquire_owned().await.map_err(|_| Busy)?;
        let (password, salt) = (password.clone(), *salt);
        let work = tokio::task::spawn_blocking(move || {
            // Both places end with the work, not with the caller.
            let _held = (place, worker);
            argon2id(password.bytes(), &salt)
        });
        work.await.map_err(|_| Busy)?.map_err(|_| Busy)
    }
}

fn argon2id(password: &[u8], salt: &[u8]) -> Result<PasswordHash, argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    let mut hash = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password, salt, &mut hash)?;
    Ok(PasswordHash(hash))
}
