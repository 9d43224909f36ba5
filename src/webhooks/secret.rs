use crate::model::{MessageId, Micros, ServerSecret, Webhook, WebhookId};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt;

/// What a webhook's messages are signed with: 32 bytes, written `whsec_` and base64.
///
/// Derived from the service's secret, the webhook's id, and its generation, so that nobody can sign
/// with what the database holds. Another secret of the service makes all of them others.
#[derive(Clone)]
pub struct SigningSecret([u8; 32]);

impl SigningSecret {
    /// The secret of one generation of a webhook.
    pub fn of(secret: &ServerSecret, webhook: &WebhookId, generation: i64) -> Self {
        Self(secret.derive("webhook", format!("{webhook}.{generation}").as_bytes()))
    }

    /// The secrets that count at `now`, the newest first.
    pub(super) fn current(secret: &ServerSecret, webhook: &Webhook, now: Micros) -> Vec<Self> {
        let former = (now < webhook.former_until).then_some(webhook.generation - 1);
        let generations = std::iter::once(webhook.generation).chain(former);
        generations.map(|generation| Self::of(secret, &webhook.id, generation)).collect()
    }

    /// The secret as its holder writes it.
    pub fn reveal(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.0))
    }

    /// One signature, `v1,` and base64.
    fn sign(&self, id: MessageId, at: Micros, body: &str) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        context.update(format!("{id}.{}.", at.seconds()).as_bytes());
        context.update(body.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
    }
}

/// The value of `webhook-signature`: one signature a secret, with spaces between.
pub(super) fn signature(
    secrets: &[SigningSecret],
    id: MessageId,
    at: Micros,
    body: &str,
) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, at, body)).collect();
    signatures.join(" ")
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Micros = Micros(1_767_225_600_999_999);

    /// Computed with Python's hmac module from the same inputs.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let id = "msg_0197b2c86f3e7c419d5a0f1e2d3c4b5a".parse().unwrap();

        let signature = signature(&[SigningSecret([7; 32])], id, AT, r#"{"type":"a.b"}"#);

        assert_eq!(signature, "v1,+SIDORxZpH8IzSoNjhMOFvaobs/HadubvBfvbF6hCqw=");
    }

    #[test]
    fn each_generation_and_each_webhook_has_a_secret_of_its_own() {
        let (ours, theirs) = (ServerSecret::new(&[1; 32]), ServerSecret::new(&[2; 32]));
        let (one, other) = (WebhookId::draw(), WebhookId::draw());

        let first = SigningSecret::of(&ours, &one, 1).reveal();

        assert_eq!(first, SigningSecret::of(&ours, &one, 1).reveal());
        assert_eq!(first.len(), "whsec_".len() + 44);
        for another in [
            SigningSecret::of(&ours, &one, 2),
            SigningSecret::of(&ours, &other, 1),
            SigningSecret::of(&theirs, &one, 1),
        ] {
            assert_ne!(first, another.reveal());
            assert!(!format!("{another:?}").contains(&another.reveal()));
        }
    }
}
