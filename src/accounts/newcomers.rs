use super::{Accounts, passwords};
use crate::model::{EmailAddress, Micros, UserRef};
use crate::store::{FirstSight, StoreError};

/// A user of an external issuer, who may not be there yet.
#[derive(Debug)]
pub struct Newcomer {
    sight: FirstSight,
    /// When the credential was issued.
    issued_at: Micros,
}

impl Accounts {
    /// The user, with the address that is claimed for it; `None` where it was there within the last 5 s.
    pub(super) fn newcomer(
        &self,
        user: UserRef,
        email: Option<EmailAddress>,
        email_verified: bool,
        issued_at: Micros,
        now: Micros,
    ) -> Option<Newcomer> {
        // Removed since, at any node, it is a new user's first sight again.
        if self.met.get(&user, now).is_some_and(|at| !self.feed.refuses(&user, None, at)) {
            return None;
        }
        let salt = email.as_ref().map(|email| passwords::salt_for_unknown(&self.secret, email));
        let salt = salt.unwrap_or_default();
        let sight = FirstSight { user, email, email_verified, salt, now };
        Some(Newcomer { sight, issued_at })
    }

    /// Makes the user, unless it is there, or was removed since the credential was issued: whoever has
    /// just lost an account must not be given another one by a tab that was about to listen.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database could not; nothing is kept then.
    pub async fn welcome(&self, newcomer: Newcomer) -> Result<(), StoreError> {
        let Newcomer { sight, issued_at } = newcomer;
        if self.feed.refuses(&sight.user, None, issued_at) {
            return Ok(());
        }
        self.store.first_sight(sight).await.map(drop)
    }

    /// The same, for one of whom nobody knows that it is not there.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn meet(&self, newcomer: Option<Newcomer>) -> Result<(), StoreError> {
        let Some(newcomer) = newcomer else { return Ok(()) };
        let (user, now) = (newcomer.sight.user.clone(), newcomer.sight.now);
        if self.store.user(user.clone()).await?.is_none() {
            self.welcome(newcomer).await?;
        }
        self.met.put(user, now, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Rules;
    use crate::accounts::passwords::Passwords;
    use crate::accounts::tokens::{OwnIssuer, OwnKey, Tokens};
    use crate::feed::tests::memory::{NOW, Node, ana, ending};
    use crate::model::{EndingCode, ServerSecret};
    use crate::store::{Kept, Store};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    fn accounts(folder: &Path, node: &Node) -> Accounts {
        let kept = Kept { changes: 100, age: Duration::from_hours(24) };
        let store = Store::sqlite(&folder.join("a.db"), 1, true, kept, Arc::new(|_| {})).unwrap();
        let secret = ServerSecret::new(&[7; 32]);
        let key = OwnKey::derived(&secret);
        let own = OwnIssuer { iss: "https://a.example".into(), aud: "a".into(), key };
        let tokens = Arc::new(Tokens::new(own, Vec::new()));
        let (passwords, clock) = (Passwords::new(1, 1), node.clock.clone());
        let rules = Rules { log_in: None, sign_up: None, password_reset: None };
        Accounts::new(store, node.feed.clone(), tokens, passwords, secret, clock, rules)
    }

    #[tokio::test]
    async fn a_newcomer_is_made_and_then_known() {
        let (folder, node) = (tempfile::tempdir().unwrap(), Node::new());
        let accounts = accounts(folder.path(), &node);
        let newcomer = || accounts.newcomer(ana(), None, false, NOW, NOW);

        accounts.meet(newcomer()).await.unwrap();

        assert!(accounts.store.user(ana()).await.unwrap().is_some());
        assert!(newcomer().is_none());
    }

    #[tokio::test]
    async fn who_was_removed_in_the_meantime_is_not_made_again() {
        let (folder, node) = (tempfile::tempdir().unwrap(), Node::new());
        let accounts = accounts(folder.path(), &node);
        let newcomer = accounts.newcomer(ana(), None, false, NOW, NOW).unwrap();

        node.feed.ended(&ending(None, EndingCode::UserDeleted));
        accounts.welcome(newcomer).await.unwrap();

        assert!(accounts.store.user(ana()).await.unwrap().is_none());
    }
}
