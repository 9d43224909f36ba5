use super::{Accounts, Caller};
use crate::model::OpaqueToken;
use crate::store::{StoreError, Ticket};
use std::time::Duration;

/// A ticket for one stream or poll.
#[derive(Debug)]
pub struct StreamTicket {
    /// What goes into the query string.
    pub token: OpaqueToken,
    /// How long it may be spent.
    pub ttl: Duration,
}

/// Long enough to open a stream with, and too short to be of use in a log.
const TICKET_TTL: Duration = Duration::from_secs(30);

impl Accounts {
    /// Gives the caller a ticket, good once, for a stream that lives no longer than the caller's
    /// own credential.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be kept.
    pub async fn issue_ticket(&self, caller: &Caller) -> Result<StreamTicket, StoreError> {
        let (token, now) = (OpaqueToken::draw(), self.clock.now());
        let ticket = Ticket {
            user: caller.user.clone(),
            session: caller.session,
            issued_at: caller.issued_at,
            signed_by: caller.signed_by,
            until: caller.expires_at,
            expires_at: now.after(TICKET_TTL),
        };
        self.store.add_ticket(token.digest(), ticket).await?;
        Ok(StreamTicket { token, ttl: TICKET_TTL })
    }
}
