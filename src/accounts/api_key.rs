use super::{Accounts, AuthenticateError, Backend, Presented};
use crate::model::{Digest, Micros, OpaqueToken, Scope};
use crate::store::ApiKey;
use std::time::Duration;

/// How API keys begin; nothing else does.
pub(super) const KEY_PREFIX: &str = "ack_";

/// How often the use of an API key is written down.
const USED_EVERY: Duration = Duration::from_mins(1);

impl Accounts {
    /// Says which backend asks, for something that takes `scope`.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; a user on a backend's route is the wrong caller.
    pub async fn backend(
        &self,
        presented: Presented,
        scope: Scope,
    ) -> Result<Backend, AuthenticateError> {
        match presented {
            Presented::Bearer(token) if token.reveal().starts_with(KEY_PREFIX) => {
                let key = self.api_key(&token, self.clock.now()).await?;
                if !key.scopes.hold(scope) {
                    return Err(AuthenticateError::InsufficientScope(scope));
                }
                Ok(Backend { tenant: key.tenant, key: key.id, request: None })
            }
            Presented::Nothing => Err(AuthenticateError::Nothing),
            other => {
                self.user(other).await?;
                Err(AuthenticateError::WrongCaller(
                    "this call is a backend's, and needs an API key",
                ))
            }
        }
    }

    /// The key presented, if it is good.
    pub(super) async fn api_key(
        &self,
        token: &OpaqueToken,
        now: Micros,
    ) -> Result<ApiKey, AuthenticateError> {
        let body = token.reveal().strip_prefix(KEY_PREFIX).and_then(|body| body.split_once('_'));
        let (id, secret) = body.ok_or(AuthenticateError::Invalid)?;
        let id = id.to_owned();
        let key = if let Some(known) = self.keys.get(&id, now) {
            known
        } else {
            let found = self.store.key(id.clone()).await?;
            self.keys.put(id, found.clone(), now);
            found
        };
        let digest = Digest::of(secret.as_bytes());
        let key = key.filter(|key| digest.matches(key.digest.bytes()));
        let key = key.ok_or(AuthenticateError::Invalid)?;
        self.used(&key, now);
        Ok(key)
    }

    /// Has the use of a key written down, which nobody waits for.
    fn used(&self, key: &ApiKey, now: Micros) {
        if key.used_at.is_some_and(|at| now.since(at) < USED_EVERY) {
            return;
        }
        let (store, id) = (self.store.clone(), key.id.clone());
        self.keys.put(id.clone(), Some(ApiKey { used_at: Some(now), ..key.clone() }), now);
        tokio::spawn(async move {
            if let Err(error) = store.touch_key(id, now).await {
                tracing::debug!(error = %error, "the use of an API key could not be written down");
            }
        });
    }
}
