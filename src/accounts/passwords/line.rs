use super::hash::argon2id;
use super::{Password, PasswordHash, WeakPassword};
use crate::model::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// More passwords are waiting than this node means to hash; to be answered by 503 and `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Why a new password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// The person may choose another.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Nothing was looked at; the same may be tried again.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// Weighs and hashes passwords, a few at a time and off the threads that serve everybody else.
#[derive(Clone)]
pub struct Passwords {
    /// Places at work and in line together; without one the answer is [`Busy`] at once.
    places: Arc<Semaphore>,
    /// Places at work.
    work: Arc<Semaphore>,
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
        let (password, salt) = (password.clone(), *salt);
        self.run(move || argon2id(password.bytes(), &salt)).await?.map_err(|_| Busy)
    }

    /// [`Password::parse`], in the same line and on the same threads.
    ///
    /// # Errors
    ///
    /// [`NotAccepted`].
    pub async fn accept(
        &self,
        text: &str,
        email: Option<&EmailAddress>,
    ) -> Result<Password, NotAccepted> {
        let (text, email) = (SecretString::from(text), email.cloned());
        let parse = move || Password::parse(text.expose_secret(), email.as_ref());
        Ok(self.run(parse).await??)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let worker = Arc::clone(&self.work).acquire_owned().await.map_err(|_| Busy)?;
        let work = tokio::task::spawn_blocking(move || {
            // Both end with the work and not with the caller, the place last: whoever gets it finds a
            // worker free.
            let _held = (worker, place);
            work()
        });
        work.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    const SALT: [u8; 16] = [7; 16];

    fn password(text: &str) -> Password {
        Password::presented(text)
    }

    /// Lets `future` run until it has to wait.
    fn begin<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) {
        assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[tokio::test]
    async fn a_hash_is_of_the_password_and_the_salt() {
        let passwords = Passwords::new(2, 8);
        let hash = async |text, salt| passwords.hash(&password(text), &salt).await.unwrap();
        let stored = hash("blue kettle sings", SALT).await;

        assert!(hash("blue kettle sings", SALT).await.matches(&stored));
        assert!(!hash("blue kettle sing", SALT).await.matches(&stored));
        assert!(!hash("blue kettle sings", [8; 16]).await.matches(&stored));
        assert!(PasswordHash::stored(&stored.clone().into_bytes()).unwrap().matches(&stored));
        assert!(PasswordHash::stored(&stored.clone().into_bytes()[1..]).is_none());
        assert_eq!(format!("{stored:?}"), "PasswordHash(…)");
    }

    #[tokio::test]
    async fn a_full_line_is_busy_at_once_and_a_place_given_up_is_free() {
        let passwords = Passwords::new(1, 1);
        let (first, second, third) = (password("one"), password("two"), password("three"));
        let mut working = Box::pin(passwords.hash(&first, &SALT));
        let mut waiting = Box::pin(passwords.hash(&second, &SALT));
        begin(working.as_mut());
        begin(waiting.as_mut());

        assert_eq!(passwords.hash(&third, &SALT).await.err(), Some(Busy));
        assert_eq!(
            passwords.accept("blue kettle sings", None).await.err(),
            Some(NotAccepted::Busy(Busy))
        );
        drop(waiting);
        let mut again = pin!(passwords.hash(&third, &SALT));
        begin(again.as_mut());
        working.await.unwrap();
        again.await.unwrap();
    }

    #[tokio::test]
    async fn work_whose_caller_has_gone_keeps_its_place_until_it_is_done() {
        let passwords = Passwords::new(1, 0);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let mut leaving = Box::pin(passwords.run(move || held.recv()));
        begin(leaving.as_mut());
        drop(leaving);

        assert_eq!(passwords.hash(&password("one"), &SALT).await.err(), Some(Busy));
        release.send(()).unwrap();
        let _both = passwords.places.acquire().await.unwrap();
        assert_eq!(passwords.work.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_new_password_is_weighed_in_the_same_line() {
        let passwords = Passwords::new(1, 1);

        assert!(passwords.accept("blue kettle sings", None).await.is_ok());
        assert_eq!(
            passwords.accept("password1", None).await.err(),
            Some(NotAccepted::Weak(WeakPassword::Guessable))
        );
    }
}
