use super::ids::BadName;
use super::{Change, Micros, TenantName, UserId};
use crate::clock::random_bytes;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// One place that a tenant's changes are sent to: `wh_` and 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookId(Arc<str>);

impl WebhookId {
    /// A new id.
    pub fn draw() -> Self {
        Self(format!("wh_{:016x}", u64::from_be_bytes(random_bytes())).into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix("wh_") {
            Some(rest) if rest.len() == 16 && rest.bytes().all(fits) => Ok(Self(text.into())),
            _ => Err(BadName::new("a webhook's id is wh_ and 16 digits of 0-9 and a-f")),
        }
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One message to one webhook, and the same at every try: `msg_` and a UUID's 32 digits on the wire.
///
/// A receiver takes it for the key by which it knows a repetition. It holds no full stop, which
/// would let what is signed be cut elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(pub Uuid);

impl FromStr for MessageId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let id = text.strip_prefix("msg_").and_then(|id| Uuid::try_parse(id).ok());
        id.map(Self).ok_or(BadName::new("a message's id is msg_ and 32 digits of 0-9 and a-f"))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "msg_{}", self.0.simple())
    }
}

/// A place that a tenant's changes are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose changes.
    pub tenant: TenantName,
    /// Where they go.
    pub url: String,
    /// Which changes; all where it is empty.
    pub types: Vec<String>,
    /// Which of its secrets is in use: grows with each rotation.
    pub generation: i64,
    /// Until when messages are signed with the secret before it as well.
    pub former_until: Micros,
    /// When it was made.
    pub created_at: Micros,
    /// Since when nothing is sent, where it was disabled.
    pub disabled_at: Option<Micros>,
    /// Why it was disabled, or why it does not answer.
    pub cause: Option<String>,
    /// Nothing is sent before: it does not answer, or asked for a pause.
    pub paused_until: Micros,
    /// How often in a row it did not answer.
    pub failures: i64,
}

/// A message that its sender has leased.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: MessageId,
    /// Where it goes.
    pub webhook: Arc<Webhook>,
    /// Whose change it tells: those of one user go one after the other.
    pub user: String,
    /// The body, to the byte.
    pub body: String,
    /// When it was queued.
    pub made_at: Micros,
    /// How often it has been tried: 0 at the first try.
    pub attempts: i64,
    /// When the lease ends, which also tells this lease from a later one.
    pub lease: Micros,
}

/// What became of a try. Causes are for an operator to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The receiver has it.
    Delivered,
    /// It is to be tried again.
    PutOff {
        /// Not before.
        until: Micros,
        /// Why.
        cause: String,
    },
    /// Nothing is to be sent to this webhook for a while, this message included.
    Paused {
        /// Not before.
        until: Micros,
        /// Why.
        cause: String,
    },
    /// It will not be tried again unless somebody wants it to.
    GivenUp {
        /// Why.
        cause: String,
    },
    /// The receiver wants no more, of this message or of any other.
    Gone {
        /// Why.
        cause: String,
    },
}

/// What is sent of a change, as Standard Webhooks recommends.
pub fn payload(change: &Change) -> String {
    #[derive(Serialize)]
    struct Payload<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        timestamp: Micros,
        data: &'a Change,
    }
    let payload = Payload { kind: change.kind.as_str(), timestamp: change.at, data: change };
    serde_json::to_string(&payload).unwrap_or_default()
}

/// What is sent of a user that went: the id is all that may still be told.
pub fn farewell(kind: &str, user: &UserId, at: Micros) -> String {
    let data = serde_json::json!({ "type": kind, "at": at, "user": { "id": user } });
    serde_json::json!({ "type": kind, "timestamp": at, "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_they_were_written() {
        let (webhook, message) = (WebhookId::draw(), MessageId(Uuid::now_v7()));

        assert_eq!(webhook.as_str().parse(), Ok(webhook));
        assert_eq!(message.to_string().parse(), Ok(message));
        assert!(!message.to_string().contains('.'));
        for bad in ["", "wh_", "wh_0123456789ABCDEF", "wh_0123456789abcde", "x_0123456789abcdef"] {
            assert!(bad.parse::<WebhookId>().is_err(), "{bad:?}");
        }
        for bad in ["", "msg_", "msg_x", "0197b2c86f3e7c419d5a0f1e2d3c4b5a"] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad:?}");
        }
    }
}
