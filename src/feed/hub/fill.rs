//! How a channel gets from the log what was not published here in order.

use super::state::{Reading, State, is_covered};
use super::{Channel, End, News, follows};
use crate::feed::CaughtUp;
use crate::model::{Cursor, EndingCode};
use std::sync::Arc;

impl Channel {
    /// Has the log read, unless nobody has read anything yet.
    pub fn doubt(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.sent.is_some() {
            self.queue(&mut state);
        }
    }

    /// Begins to read the log: from where, or `None` where the row alone is wanted.
    pub fn begin_catch_up(&self) -> Option<Cursor> {
        let mut state = self.lock();
        state.reading = Reading::UnderWay;
        state.sent
    }

    /// Broadcasts what the log held. `None`: there is no such user any more.
    pub fn finish_catch_up(self: &Arc<Self>, caught_up: Option<CaughtUp>) {
        let mut state = self.lock();
        let Some(CaughtUp { user, missed }) = caught_up else {
            state.reading = Reading::Idle;
            let members = state.members.clone();
            drop(state);
            members.iter().for_each(|member| member.end(End::Of(EndingCode::UserDeleted)));
            return;
        };
        for change in missed.into_iter().flatten() {
            if state.sent.is_some_and(|sent| follows(change.cursor, sent)) {
                self.send(&mut state, change);
            }
        }
        if state.sent.is_none_or(|sent| !is_covered(user.cursor, sent)) {
            state.sent = Some(user.cursor);
            state.hear(user.cursor);
            // Fails where nobody receives any more, which is fine.
            let _ = self.news.send(News::State(Arc::new(user.into())));
        }
        if state.reading == Reading::Again {
            state.reading = Reading::Idle;
            self.queue(&mut state);
        } else {
            state.reading = Reading::Idle;
            // A hint beyond the truth (forged, or of a failed-over database) is forgotten.
            state.heard = state.sent;
        }
        self.release(state);
    }

    /// Has the log read, once however often it is asked for.
    pub(super) fn queue(self: &Arc<Self>, state: &mut State) {
        match state.reading {
            Reading::Idle => {
                state.reading = Reading::Queued;
                self.hub.fell_behind(self);
            }
            Reading::UnderWay => state.reading = Reading::Again,
            Reading::Queued | Reading::Again => {}
        }
    }
}
