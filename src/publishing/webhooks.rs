use super::Publishing;
use crate::model::{
    By, ChangeType, MessageId, Micros, ReservedType, TenantName, Webhook, WebhookId,
};
use crate::store::{DeadMessage, ListedWebhook, StoreError, Which};
use crate::webhooks::{BadTarget, LEASE, SigningSecret, target};
use std::time::Duration;

/// How many types one webhook may name.
const MAX_TYPES: usize = 64;

/// Why a webhook was not made.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Nothing could be sent there.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// Nothing of this type is ever sent.
    #[error("{0:?}: {1}")]
    Type(String, #[source] ReservedType),
    /// More types than anybody reads.
    #[error("name at most 64 types, or none for all of them")]
    TooManyTypes,
    /// Whose changes would be sent?
    #[error("there is no tenant of that name")]
    UnknownTenant,
    /// Nothing was kept.
    #[error("the webhook could not be kept")]
    Store(#[from] StoreError),
}

/// A webhook that was just made, and what its receiver checks signatures with.
#[derive(Debug)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret.
    pub secret: SigningSecret,
}

impl Publishing {
    /// Has the changes of a tenant's users sent to `url` from now on: all of them, or those of
    /// `types`.
    ///
    /// # Errors
    ///
    /// [`WebhookError`].
    pub async fn create_webhook(
        &self,
        tenant: TenantName,
        url: &str,
        types: Vec<String>,
        by: By,
    ) -> Result<NewWebhook, WebhookError> {
        let url = target(url, &self.reach)?;
        if types.len() > MAX_TYPES {
            return Err(WebhookError::TooManyTypes);
        }
        for kind in &types {
            ChangeType::named(kind).map_err(|error| WebhookError::Type(kind.clone(), error))?;
        }
        let webhook = Webhook {
            id: WebhookId::draw(),
            tenant,
            url: url.into(),
            types,
            generation: 1,
            former_until: Micros(0),
            created_at: self.clock.now(),
            disabled_at: None,
            cause: None,
            paused_until: Micros(0),
            failures: 0,
        };
        if !self.store.add_webhook(webhook.clone(), by).await? {
            return Err(WebhookError::UnknownTenant);
        }
        Ok(NewWebhook { secret: self.secret_of(&webhook), webhook })
    }

    /// All webhooks, or a tenant's, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn webhooks(
        &self,
        tenant: Option<TenantName>,
    ) -> Result<Vec<ListedWebhook>, StoreError> {
        self.store.webhooks(tenant).await
    }

    /// Sends nothing more to a webhook; whether it was enabled. What waits for it waits on, for
    /// three days, and what happens meanwhile is not queued.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn disable_webhook(&self, id: WebhookId, by: By) -> Result<bool, StoreError> {
        self.store.disable_webhook(id, "by an operator".to_owned(), by, self.clock.now()).await
    }

    /// Has a webhook sent to, within seconds, whatever kept it from that; whether it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn enable_webhook(&self, id: WebhookId, by: By) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store.enable_webhook(id, now.after(LEASE), by, now).await
    }

    /// Removes a webhook, and what it was still to be sent; whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn remove_webhook(&self, id: WebhookId, by: By) -> Result<bool, StoreError> {
        self.store.remove_webhook(id, by, self.clock.now()).await
    }

    /// What a webhook's messages are signed with; `None` where it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be read.
    pub async fn webhook_secret(&self, id: WebhookId) -> Result<Option<SigningSecret>, StoreError> {
        let webhook = self.store.webhook(id).await?;
        Ok(webhook.map(|webhook| self.secret_of(&webhook)))
    }

    /// Gives a webhook another secret; its messages are signed with the one before as well for
    /// `overlap`. `None` where it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        overlap: Duration,
        by: By,
    ) -> Result<Option<SigningSecret>, StoreError> {
        let webhook = self.store.rotate_webhook(id, overlap, by, self.clock.now()).await?;
        Ok(webhook.map(|webhook| self.secret_of(&webhook)))
    }

    /// The messages that were given up, oldest first, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn dead_messages(
        &self,
        tenant: Option<TenantName>,
        limit: i64,
    ) -> Result<Vec<DeadMessage>, StoreError> {
        self.store.dead_messages(tenant, limit).await
    }

    /// Has a given-up message sent, or all that were queued within `span`, each before what came
    /// after it; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn replay_messages(
        &self,
        id: Option<MessageId>,
        span: Duration,
        by: By,
    ) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let which = id.map_or_else(|| Which::Since(now.before(span)), Which::One);
        self.store.replay_messages(which, LEASE, by, now).await
    }

    fn secret_of(&self, webhook: &Webhook) -> SigningSecret {
        SigningSecret::of(&self.secret, &webhook.id, webhook.generation)
    }
}
