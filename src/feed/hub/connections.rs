use super::Transport;
use super::member::Members;
use crate::model::SessionId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who of a user's is connected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Connections {
    /// Open streams.
    pub streams: usize,
    /// Polls that wait; one that is just being answered is no connection.
    pub polls: usize,
    /// The same by session; those without one first, then from the oldest session to the newest.
    pub by_session: Vec<SessionConnections>,
}

/// What one session has open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionConnections {
    /// The session; `None` for tokens that have none.
    pub session_id: Option<SessionId>,
    /// Its open streams.
    pub streams: usize,
    /// Its polls.
    pub polls: usize,
}

/// Who of a user's is connected, over all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Everywhere {
    /// On all nodes that answered, this one first of all.
    #[serde(flatten)]
    pub connections: Connections,
    /// Whether there may be more, on a node that did not answer in time or cannot be asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

impl Connections {
    /// Counts those of another node too.
    pub(in crate::feed) fn add(&mut self, other: Self) {
        self.streams += other.streams;
        self.polls += other.polls;
        for session in other.by_session {
            match self.by_session.iter_mut().find(|own| own.session_id == session.session_id) {
                Some(own) => {
                    own.streams += session.streams;
                    own.polls += session.polls;
                }
                None => self.by_session.push(session),
            }
        }
        self.by_session.sort_by_key(|session| session.session_id);
    }

    /// How many streams a session has open.
    pub fn streams_of(&self, session: SessionId) -> usize {
        let of = |one: &&SessionConnections| one.session_id == Some(session);
        self.by_session.iter().find(of).map_or(0, |one| one.streams)
    }

    pub(super) fn of(members: &Members) -> Self {
        let mut sessions = BTreeMap::<Option<SessionId>, (usize, usize)>::new();
        for member in members.iter().filter(|member| member.ended().is_none()) {
            let (streams, polls) = sessions.entry(member.listener.session).or_default();
            match member.transport {
                Transport::Stream => *streams += 1,
                Transport::Poll => *polls += usize::from(member.is_parked()),
            }
        }
        let by_session: Vec<_> = sessions
            .into_iter()
            .map(|(session_id, (streams, polls))| SessionConnections { session_id, streams, polls })
            .collect();
        Self {
            streams: by_session.iter().map(|session| session.streams).sum(),
            polls: by_session.iter().map(|session| session.polls).sum(),
            by_session,
        }
    }
}
