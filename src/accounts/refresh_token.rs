use crate::model::{OpaqueToken, ServerSecret, SessionId};
use aws_lc_rs::constant_time;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use uuid::Uuid;

/// What a refresh token says: which session, and the how-many-eth of its tokens.
///
/// It is sealed with the server's secret and stored nowhere, so that the same answer can be given
/// again to whoever lost it, and nothing in the database can be used as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefreshToken {
    pub(super) session: SessionId,
    pub(super) generation: i64,
}

impl RefreshToken {
    /// The token's text.
    pub(super) fn seal(self, secret: &ServerSecret) -> OpaqueToken {
        let mut bytes = self.plain().to_vec();
        bytes.extend_from_slice(&secret.derive("refresh", &self.plain()));
        OpaqueToken::spelled(&bytes)
    }

    /// Reads a token that this server sealed.
    pub(super) fn open(token: &OpaqueToken, secret: &ServerSecret) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.reveal()).ok()?;
        let (plain, seal) = bytes.split_at_checked(24)?;
        constant_time::verify_slices_are_equal(seal, &secret.derive("refresh", plain)).ok()?;
        let (session, generation) = plain.split_at_checked(16)?;
        Some(Self {
            session: SessionId(Uuid::from_slice(session).ok()?),
            generation: i64::from_be_bytes(generation.try_into().ok()?),
        })
    }

    fn plain(self) -> [u8; 24] {
        let mut plain = [0; 24];
        let (session, generation) = plain.split_at_mut(16);
        session.copy_from_slice(self.session.0.as_bytes());
        generation.copy_from_slice(&self.generation.to_be_bytes());
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_server_that_sealed_a_token_opens_it() {
        let secret = ServerSecret::new(&[1; 32]);
        let token = RefreshToken { session: SessionId::draw(), generation: 7 };
        let sealed = token.seal(&secret);

        assert_eq!(RefreshToken::open(&sealed, &secret), Some(token));
        assert_eq!(RefreshToken::open(&sealed, &ServerSecret::new(&[2; 32])), None);
        for bad in ["", "AAAA", &sealed.reveal()[1..], &format!("{}A", sealed.reveal())] {
            assert_eq!(RefreshToken::open(&OpaqueToken::presented(bad), &secret), None);
        }
    }
}
