use super::hub::Member;
use super::subscription::Seat;
use super::{Feed, Subscription, Transport};
use crate::model::{Cursor, Digest, EndingCode, Micros, SessionId, UserRef};
use std::sync::Arc;

/// Who wants to listen, as its credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Whose changes.
    pub user: UserRef,
    /// The session of the credential, where it has one.
    pub session: Option<SessionId>,
    /// When the credential was issued, as in [`Feed::refuses`].
    pub issued_at: Micros,
    /// The digest of the key that signed the credential, where it is a token.
    pub signed_by: Option<Digest>,
}

/// Why nobody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The node is about to stop. Polls are let in even so: they are answered without waiting.
    #[error("the node is about to stop")]
    Draining,
    /// The node has as many streams and polls as it may.
    #[error("the node is full")]
    Overloaded,
    /// The credential has ended since it was checked.
    #[error("the credential has ended")]
    Ended(EndingCode),
}

impl Feed {
    /// Lets somebody listen from now on; nothing is read before [`Subscription::next`] is called.
    ///
    /// `resume` is the newest version the listener has. One stream too many for its user ends the
    /// user's oldest. The place is given back when the subscription is dropped.
    ///
    /// # Errors
    ///
    /// See [`Refused`]; nothing is left behind.
    pub fn join(
        self: &Arc<Self>,
        listener: Listener,
        transport: Transport,
        resume: Option<Cursor>,
    ) -> Result<Subscription, Refused> {
        if transport == Transport::Stream && self.draining().is_some() {
            return Err(Refused::Draining);
        }
        let limits = self.limits(&listener.user.tenant);
        let member = Arc::new(Member::new(transport, listener, self.clock.now()));
        let (mut seat, receiver) =
            Seat::take(&self.hub, member, limits).ok_or(Refused::Overloaded)?;
        // Looked at after the seat was taken: an ending from now on finds it there, and one before
        // is remembered. In the other order one could fall in between and leave the stream open.
        let Listener { user, session, issued_at, .. } = &seat.member().listener;
        if let Some(code) = self.endings.refused(user, *session, *issued_at) {
            return Err(Refused::Ended(code));
        }
        seat.greet();
        Ok(Subscription::new(self.clone(), seat, receiver, resume))
    }
}
