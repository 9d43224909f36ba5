//! What a read of the row comes to for one listener.

use super::read::{Answer, Why};
use super::{Item, Subscription};
use crate::bugs::{Bug, seeded};
use crate::feed::{CaughtUp, Reason, Whole};
use crate::model::{Cursor, User, Version};
use std::sync::Arc;

impl Subscription {
    /// Takes what was read; `None` where there is nothing in it to show.
    pub(super) fn take(&mut self, answer: Answer) -> Option<Item> {
        let caught_up = match answer.read {
            Err(_) => return Some(Item::Unavailable),
            Ok(None) => return Some(Item::Gone),
            Ok(Some(caught_up)) => caught_up,
        };
        if seeded(Bug::SubscribesLate) {
            self.receiver = self.receiver.resubscribe();
        }
        self.seat.channel().saw(caught_up.user.cursor);
        match (answer.why, self.mine) {
            (Why::First { resume: Some(resume) }, _) => self.begin(resume, caught_up),
            (Why::First { resume: None }, _) | (_, None) => {
                Some(self.snapshot(Reason::Connected, whole(caught_up.user)))
            }
            (Why::Lag | Why::Hole { .. }, Some(mine)) => self.go_on(mine, caught_up),
        }
    }

    fn begin(&mut self, resume: Cursor, CaughtUp { user, missed }: CaughtUp) -> Option<Item> {
        if resume == user.cursor || seeded(Bug::DropsOnReconnect) {
            self.mine = Some(user.cursor);
            return Some(Item::Current);
        }
        if let Some(missed) = missed.filter(|missed| !missed.is_empty()) {
            self.mine = Some(resume);
            self.missed = missed.into_iter();
            return None;
        }
        let reached = user.cursor.is_ahead_of(&resume);
        Some(self.snapshot(if reached { Reason::Gap } else { Reason::Epoch }, whole(user)))
    }

    fn go_on(&mut self, mine: Cursor, CaughtUp { user, missed }: CaughtUp) -> Option<Item> {
        if user.cursor.epoch != mine.epoch {
            return Some(self.snapshot(Reason::Epoch, whole(user)));
        }
        if !user.cursor.is_ahead_of(&mine) {
            return None;
        }
        if let Some(missed) = missed.filter(|missed| !missed.is_empty()) {
            self.missed = missed.into_iter();
            return None;
        }
        Some(self.snapshot(Reason::Gap, whole(user)))
    }

    /// What can be shown without a read; `None` where the row must be read.
    pub(super) fn known(&mut self) -> Option<Item> {
        // In this order: what is committed after the first look is news to a receiver that is there.
        if !self.feed.history.is_told() {
            return None;
        }
        let (cursor, user) = self.seat.channel().present()?;
        match (self.resume, user) {
            (Some(resume), _) if resume == cursor => {
                self.mine = Some(cursor);
                Some(Item::Current)
            }
            (None, Some(user)) => Some(self.snapshot(Reason::Connected, user)),
            _ => None,
        }
    }

    /// Shows the whole state, and goes on from there.
    pub(super) fn snapshot(&mut self, reason: Reason, user: Arc<Whole>) -> Item {
        self.mine = Some(user.cursor);
        if self.leaves_a_trace() {
            self.seat.channel().remember(&user);
        }
        self.chased = Version::default();
        if reason == Reason::Gap {
            metrics::counter!("afterclick_gap_snapshots_total").increment(1);
        }
        Item::Snapshot { reason, user }
    }
}

fn whole(user: User) -> Arc<Whole> {
    Arc::new(user.into())
}
