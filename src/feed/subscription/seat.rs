use crate::feed::Limits;
use crate::feed::hub::{Channel, End, Hub, Member, News, Transport};
use std::sync::Arc;
use tokio::sync::broadcast;

/// A member's place in the hub, given back on drop.
pub(in crate::feed) struct Seat {
    channel: Arc<Channel>,
    member: Arc<Member>,
    /// Whether the log has heard of this member, and so must hear why it is gone.
    greeted: bool,
    why: &'static str,
}

impl Seat {
    /// Takes a place; `None` where the node has none left.
    pub fn take(
        hub: &Arc<Hub>,
        member: Arc<Member>,
        limits: Limits,
    ) -> Option<(Self, broadcast::Receiver<News>)> {
        if !hub.take_place(limits.connections) {
            return None;
        }
        hub.meters.open(member.transport).increment(1.0);
        let (channel, receiver) = hub.enter(member.clone(), limits.streams_per_user);
        Some((Self { channel, member, greeted: false, why: "went away" }, receiver))
    }

    pub fn member(&self) -> &Member {
        &self.member
    }

    pub fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Tells the log that a stream is open. Polls are told of when they park.
    pub fn greet(&mut self) {
        if self.member.transport == Transport::Stream {
            self.log_connected();
        }
    }

    /// Counts the poll as parked, unless `most` of its user's are already.
    pub fn park(&mut self, most: usize) -> bool {
        let parked = self.channel.park(&self.member, most);
        if parked {
            self.log_connected();
        }
        parked
    }

    /// Says why the member is gone, for the log.
    pub fn gone(&mut self, why: &'static str) {
        self.why = why;
    }

    fn log_connected(&mut self) {
        self.greeted = true;
        let (user, transport) = (&self.channel.user, self.member.transport.as_str());
        tracing::info!(user.id = %user.id, tenant = %user.tenant, transport,
            "user connected over {transport}");
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.channel.leave(&self.member);
        let hub = self.channel.hub();
        hub.give_place_back();
        hub.meters.open(self.member.transport).decrement(1.0);
        if self.greeted {
            let (user, transport) = (&self.channel.user, self.member.transport.as_str());
            let why = match self.member.ended() {
                Some(End::Of(code)) => code.as_str(),
                Some(End::TooManyStreams) => "too_many_streams",
                Some(End::KeyGone) => "key_gone",
                None => self.why,
            };
            tracing::info!(user.id = %user.id, tenant = %user.tenant, transport, why,
                "user gone: {why}");
        }
    }
}
