//! A database in memory, a clock that stands still, and a feed between them.

use crate::clock::HeldClock;
use crate::feed::{
    CaughtUp, Feed, History, HistoryUnavailable, Limits, Listener, LocalBus, Moment, Subscription,
    Transport,
};
use crate::model::{
    Change, ChangeType, Cursor, Document, Ending, EndingCode, Epoch, Micros, SessionId, User,
    UserRef, Version,
};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// 2026-01-01, midnight.
pub(crate) const NOW: Micros = Micros(1_767_225_600_000_000);

pub(crate) fn user(id: &str) -> UserRef {
    UserRef { tenant: "default".parse().unwrap(), id: id.parse().unwrap() }
}

pub(crate) fn ana() -> UserRef {
    user("ana")
}

pub(crate) fn listener(session: Option<SessionId>) -> Listener {
    Listener { user: ana(), session, issued_at: NOW, signed_by: None }
}

pub(crate) fn ending(session: Option<SessionId>, code: EndingCode) -> Ending {
    Ending { user: ana(), session, code, at: NOW }
}

#[derive(Clone)]
struct Row {
    user: User,
    log: Vec<Change>,
}

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Tables {
    rows: HashMap<UserRef, Row>,
    endings: Vec<Ending>,
    pub(crate) down: bool,
    /// How many changes the log keeps.
    pub(crate) kept: usize,
    pub(crate) reads: usize,
    redrawn: usize,
    /// Whether the feed was told of all that was committed.
    pub(crate) told: bool,
    /// Runs when the next read has begun and has not looked yet.
    pub(crate) before_read: Option<Hook>,
    /// Runs when the next read has looked and has not answered yet.
    pub(crate) after_read: Option<Hook>,
}

#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Tables>>);

impl Memory {
    /// A database in which Ana is at version 1.
    pub(crate) fn with_ana() -> Self {
        let memory = Self::default();
        memory.tables().kept = 100;
        memory.make(&ana());
        memory
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    pub(crate) fn make(&self, user: &UserRef) {
        let cursor = Cursor { epoch: Epoch::of("db", "0"), version: Version(1) };
        let document = User {
            id: user.id.as_str().to_owned(),
            email: Some(format!("{}@example.com", user.id)),
            email_verified: false,
            email_verified_at: None,
            kyc: Document::empty(),
            attributes: Document::empty(),
            created_at: NOW,
            updated_at: NOW,
            cursor,
        };
        self.tables().rows.insert(user.clone(), Row { user: document, log: Vec::new() });
    }

    /// Commits a change without telling anybody.
    pub(crate) fn commit(&self, user: &UserRef) -> Change {
        let mut tables = self.tables();
        let kept = tables.kept;
        let row = tables.rows.get_mut(user).unwrap();
        row.user.cursor.version = row.user.cursor.version.next();
        let change = Change {
            cursor: row.user.cursor,
            kind: ChangeType::user_updated(),
            data: Document::empty(),
            at: NOW,
            user: row.user.clone(),
        };
        row.log.push(change.clone());
        let excess = row.log.len().saturating_sub(kept);
        row.log.drain(..excess);
        change
    }

    pub(crate) fn delete(&self, user: &UserRef) {
        self.tables().rows.remove(user);
    }

    pub(crate) fn end(&self, ending: Ending) {
        self.tables().endings.push(ending);
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.tables().rows[&ana()].user.cursor
    }

    /// Gives Ana another epoch, as a failover would.
    pub(crate) fn redraw(&self) {
        let mut tables = self.tables();
        tables.redrawn += 1;
        let epoch = Epoch::of("db", &tables.redrawn.to_string());
        let row = tables.rows.get_mut(&ana()).unwrap();
        row.user.cursor.epoch = epoch;
        row.log.clear();
    }

    fn look(&self, user: &UserRef, after: Option<Cursor>) -> Option<CaughtUp> {
        let tables = self.tables();
        let row = tables.rows.get(user)?;
        let present = row.user.cursor;
        let missed = after.filter(|after| *after == present || present.is_ahead_of(after));
        let missed = missed.and_then(|after| {
            let missed: Vec<_> =
                row.log.iter().filter(|one| one.cursor.is_ahead_of(&after)).cloned().collect();
            let all = i64::try_from(missed.len()) == Ok(present.version.0 - after.version.0);
            all.then_some(missed)
        });
        Some(CaughtUp { user: row.user.clone(), missed })
    }
}

impl History for Memory {
    fn catch_up(
        &self,
        user: UserRef,
        after: Option<Cursor>,
    ) -> BoxFuture<'static, Result<Option<CaughtUp>, HistoryUnavailable>> {
        let memory = self.clone();
        Box::pin(async move {
            let before = memory.tables().before_read.take();
            if let Some(hook) = before {
                hook();
            }
            memory.tables().reads += 1;
            if memory.tables().down {
                return Err(HistoryUnavailable);
            }
            let seen = memory.look(&user, after);
            let after = memory.tables().after_read.take();
            if let Some(hook) = after {
                hook();
            }
            Ok(seen)
        })
    }

    fn redraw_epoch(
        &self,
        _user: UserRef,
        ahead: Cursor,
    ) -> BoxFuture<'static, Result<(), HistoryUnavailable>> {
        let memory = self.clone();
        Box::pin(async move {
            if ahead.is_ahead_of(&memory.cursor()) {
                memory.redraw();
            }
            Ok(())
        })
    }

    fn is_told(&self) -> bool {
        self.tables().told
    }

    fn moment(&self) -> BoxFuture<'static, Result<Moment, HistoryUnavailable>> {
        let tables = self.tables();
        let moment = Moment { now: None, epoch: tables.redrawn.to_string().into() };
        let read = if tables.down { Err(HistoryUnavailable) } else { Ok(moment) };
        Box::pin(std::future::ready(read))
    }

    fn changed_since(
        &self,
        since: Micros,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<(UserRef, Cursor)>, HistoryUnavailable>> {
        let tables = self.tables();
        let changed = tables.rows.iter().filter(|(_, row)| row.user.updated_at >= since);
        let rows = changed.map(|(user, row)| (user.clone(), row.user.cursor)).take(limit).collect();
        let read = if tables.down { Err(HistoryUnavailable) } else { Ok(rows) };
        Box::pin(std::future::ready(read))
    }

    fn endings_since(
        &self,
        since: Micros,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Ending>, HistoryUnavailable>> {
        let tables = self.tables();
        let endings = tables.endings.iter().filter(|ending| ending.at >= since);
        let endings = endings.take(limit).cloned().collect();
        let read = if tables.down { Err(HistoryUnavailable) } else { Ok(endings) };
        Box::pin(std::future::ready(read))
    }
}

/// A feed over a database in memory.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) memory: Memory,
    pub(crate) feed: Arc<Feed>,
    pub(crate) clock: Arc<HeldClock>,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let memory = Memory::with_ana();
        let clock = Arc::new(HeldClock::at(NOW));
        let history = Arc::new(memory.clone());
        let feed = Feed::new(history, Arc::new(LocalBus { others: true }), clock.clone(), limits);
        Self { memory, feed, clock }
    }

    /// One whose database nobody else writes to.
    pub(crate) fn alone() -> Self {
        let node = Self::new();
        node.memory.tables().told = true;
        let (history, bus) = (Arc::new(node.memory.clone()), Arc::new(LocalBus::default()));
        let feed = Feed::new(history, bus, node.clock.clone(), Limits::default());
        Self { feed, ..node }
    }

    /// Commits a change of Ana's and tells the feed.
    pub(crate) fn change(&self) -> Change {
        let change = self.memory.commit(&ana());
        self.feed.changed(&ana(), change.clone());
        change
    }

    pub(crate) fn stream(&self, resume: Option<Cursor>) -> Subscription {
        self.feed.join(listener(None), Transport::Stream, resume).unwrap()
    }
}
