use crate::model::{Ending, EndingCode, Micros, SessionId, UserRef};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Which credentials ended in the last day: what every request asks, so it is held in memory.
#[derive(Debug, Default)]
pub(super) struct Endings(RwLock<HashMap<UserRef, Ended>>);

#[derive(Debug, Default)]
struct Ended {
    /// The latest ending of everything the user had until then.
    all: Option<(Micros, EndingCode)>,
    sessions: HashMap<SessionId, (Micros, EndingCode)>,
    /// The latest disconnection. Its credentials stay good.
    disconnected: Option<Micros>,
}

impl Endings {
    /// Takes note of an ending, which may come again and in any order; whether the connections are
    /// to be told. Of a disconnection they are once, since who comes back may stay.
    pub fn remember(&self, ending: &Ending) -> bool {
        let mut users = self.write();
        let ended = users.entry(ending.user.clone()).or_default();
        if ending.code == EndingCode::Disconnected {
            let is_new = ended.disconnected.is_none_or(|at| at < ending.at);
            ended.disconnected = ended.disconnected.max(Some(ending.at));
            return is_new;
        }
        let this = (ending.at, ending.code);
        match ending.session {
            Some(session) => {
                ended.sessions.insert(session, this);
            }
            None if ended.all.is_none_or(|(at, _)| at < ending.at) => ended.all = Some(this),
            None => {}
        }
        true
    }

    /// Why a credential is refused; see [`super::Feed::refuses`] for the rule.
    pub fn refused(
        &self,
        user: &UserRef,
        session: Option<SessionId>,
        issued_at: Micros,
    ) -> Option<EndingCode> {
        let users = self.read();
        let ended = users.get(user)?;
        let of_session = session.and_then(|session| ended.sessions.get(&session));
        let of_all = ended.all.as_ref().filter(|(at, _)| issued_at <= *at);
        of_session.or(of_all).map(|(_, code)| *code)
    }

    /// Forgets what ended before `before`.
    pub fn prune(&self, before: Micros) {
        let mut users = self.write();
        users.retain(|_, ended| {
            ended.all = ended.all.filter(|(at, _)| *at >= before);
            ended.sessions.retain(|_, (at, _)| *at >= before);
            ended.disconnected = ended.disconnected.filter(|at| *at >= before);
            ended.all.is_some() || ended.disconnected.is_some() || !ended.sessions.is_empty()
        });
        if users.capacity() > 4 * users.len() + 64 {
            users.shrink_to_fit();
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<UserRef, Ended>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<UserRef, Ended>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::tests::memory::ana;
    use std::time::Duration;

    fn ending(session: Option<SessionId>, code: EndingCode, at: i64) -> Ending {
        Ending { user: ana(), session, code, at: Micros(at) }
    }

    #[test]
    fn a_session_that_ended_is_refused_and_no_other() {
        let (endings, phone, laptop) = (Endings::default(), SessionId::draw(), SessionId::draw());

        endings.remember(&ending(Some(phone), EndingCode::SessionRevoked, 10));

        let now = Micros(20);
        assert_eq!(endings.refused(&ana(), Some(phone), now), Some(EndingCode::SessionRevoked));
        assert_eq!(endings.refused(&ana(), Some(laptop), now), None);
        assert_eq!(endings.refused(&ana(), None, now), None);
    }

    #[test]
    fn whatever_was_issued_up_to_the_ending_of_all_is_refused() {
        let endings = Endings::default();
        let at = 5_400_000;

        endings.remember(&ending(None, EndingCode::UserDeleted, at));
        endings.remember(&ending(None, EndingCode::SessionRevoked, 10));

        let refused = |issued_at| endings.refused(&ana(), None, issued_at);
        assert_eq!(refused(Micros::from_seconds(5)), Some(EndingCode::UserDeleted));
        assert_eq!(refused(Micros(at)), Some(EndingCode::UserDeleted));
        assert_eq!(refused(Micros(at + 1)), None);
        assert_eq!(refused(Micros::from_seconds(6)), None);
    }

    #[test]
    fn a_disconnection_refuses_nothing_and_is_told_once() {
        let endings = Endings::default();
        let disconnected = |at| endings.remember(&ending(None, EndingCode::Disconnected, at));

        let told = [10, 10, 5, 20, 10, 20].map(disconnected);

        assert_eq!(told, [true, false, false, true, false, false]);
        assert_eq!(endings.refused(&ana(), None, Micros(0)), None);
    }

    #[test]
    fn what_is_older_than_asked_is_forgotten() {
        let (endings, session) = (Endings::default(), SessionId::draw());
        endings.remember(&ending(Some(session), EndingCode::SessionRevoked, 10));
        endings.remember(&ending(None, EndingCode::SessionRevoked, 20));
        endings.remember(&ending(None, EndingCode::Disconnected, 10));

        endings.prune(Micros(15));

        assert_eq!(endings.refused(&ana(), Some(session), Micros(30)), None);
        assert!(endings.refused(&ana(), Some(session), Micros(20)).is_some());
        endings.prune(Micros(20).after(Duration::from_secs(1)));
        assert!(endings.read().is_empty());
    }
}
