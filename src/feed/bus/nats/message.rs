//! What goes over the wire: a proof of 16 bytes, the sender's 8, and JSON.

use crate::feed::Connections;
use crate::model::{Cursor, Ending, EndingCode, Micros, ServerSecret, SessionId, UserRef};
use serde::{Deserialize, Serialize};

/// What the proof is derived for.
const PURPOSE: &str = "bus";

/// Half of HMAC-SHA-256, which RFC 2104 §5 finds enough.
const PROOF: usize = 16;

/// The process that says something, drawn at its start.
pub(super) type NodeId = [u8; 8];

/// Something one node says to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    Changed { tenant: String, user: String, cursor: String },
    Ended { tenant: String, user: String, session: Option<SessionId>, code: String, at: i64 },
    Here,
    Asked { question: u64, tenant: String, user: String },
    Answered { question: u64, connections: Connections },
}

impl Said {
    pub fn changed(user: &UserRef, cursor: Cursor) -> Self {
        let (tenant, user) = (user.tenant.to_string(), user.id.to_string());
        Self::Changed { tenant, user, cursor: cursor.to_string() }
    }

    pub fn ended(ending: &Ending) -> Self {
        Self::Ended {
            tenant: ending.user.tenant.to_string(),
            user: ending.user.id.to_string(),
            session: ending.session,
            code: ending.code.as_str().to_owned(),
            at: ending.at.0,
        }
    }

    pub fn asked(question: u64, user: &UserRef) -> Self {
        let (tenant, user) = (user.tenant.to_string(), user.id.to_string());
        Self::Asked { question, tenant, user }
    }

    /// The last part of its subject, for whoever looks at the server's traffic.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Ended { .. } => "ended",
            Self::Here => "here",
            Self::Asked { .. } => "asked",
            Self::Answered { .. } => "answered",
        }
    }

    /// The message, with the proof that it comes from a node of this installation.
    pub fn seal(&self, node: NodeId, secret: &ServerSecret) -> Vec<u8> {
        // Plain data, which cannot fail; nobody takes an empty one for anything.
        let mut signed = node.to_vec();
        signed.extend(serde_json::to_vec(self).unwrap_or_default());
        let mut message = secret.derive(PURPOSE, &signed)[..PROOF].to_vec();
        message.append(&mut signed);
        message
    }

    /// What a message says, and who says it; `None` for one that no node of this installation sent,
    /// or that a node of another version did.
    pub fn open(message: &[u8], secret: &ServerSecret) -> Option<(NodeId, Self)> {
        let (proof, signed) = message.split_at_checked(PROOF)?;
        if !secret.proves(PURPOSE, signed, proof) {
            return None;
        }
        let (node, json) = signed.split_first_chunk::<8>()?;
        Some((*node, serde_json::from_slice(json).ok()?))
    }
}

/// The user of these names; `None` where they are none.
pub(super) fn user(tenant: &str, id: &str) -> Option<UserRef> {
    Some(UserRef { tenant: tenant.parse().ok()?, id: id.parse().ok()? })
}

/// The ending that was said.
pub(super) fn ending(user: UserRef, session: Option<SessionId>, code: &str, at: i64) -> Ending {
    Ending { user, session, code: EndingCode::parse(code), at: Micros(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::tests::memory::{ana, ending};
    use crate::model::{Epoch, Version};
    use proptest::prelude::*;

    fn secret(byte: u8) -> ServerSecret {
        ServerSecret::new(&[byte; 32])
    }

    #[test]
    fn a_message_is_understood_by_its_installation_only() {
        let cursor = Cursor { epoch: Epoch::of("db", "0"), version: Version(7) };
        for said in [
            Said::changed(&ana(), cursor),
            Said::ended(&ending(Some(SessionId::draw()), EndingCode::UserDeleted)),
            Said::Here,
            Said::asked(9, &ana()),
            Said::Answered { question: 9, connections: Connections::default() },
        ] {
            let message = said.seal([1; 8], &secret(1));

            assert_eq!(Said::open(&message, &secret(1)), Some(([1; 8], said)));
            assert_eq!(Said::open(&message, &secret(2)), None);
        }
    }

    proptest! {
        #[test]
        fn r11_what_was_tampered_with_is_no_message(at in 0..90_usize, bit in 0..8_u32) {
            let cursor = Cursor { epoch: Epoch::of("db", "0"), version: Version(7) };
            let mut message = Said::changed(&ana(), cursor).seal([1; 8], &secret(1));
            let at = at % message.len();
            message[at] ^= 1 << bit;

            prop_assert_eq!(Said::open(&message, &secret(1)), None);
        }

        #[test]
        fn r11_garbage_is_no_message(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Said::open(&bytes, &secret(1)), None);
        }
    }
}
