//! Sending to one of many, and coming and going among them.

use crate::Failure;
use crate::first_read::FirstRead;
use crate::values::{at, change, next_version, user};
use afterclick::clock::SystemClock;
use afterclick::feed::{
    CaughtUp, Feed, Item, Limits, Listener, LocalBus, Refused, Subscription, Transport,
};
use afterclick::model::{Change, Micros, UserRef, Version};
use criterion::{BatchSize, Criterion};
use futures_util::FutureExt;
use futures_util::future::ready;
use std::sync::Arc;

/// Users with a stream open while others are measured.
const LISTENING: usize = 10_000;

/// Users who come and go.
const GUESTS: usize = 1_000;

pub fn hub(criterion: &mut Criterion) -> Result<(), Failure> {
    let room = Room::open()?;
    let users = (0..LISTENING).map(user).collect::<Result<Vec<_>, _>>()?;
    let guests = (LISTENING..LISTENING + GUESTS).map(user).collect::<Result<Vec<_>, _>>()?;
    let listening = users.iter().map(|user| room.join(user)).collect::<Result<Vec<_>, _>>()?;
    sending(criterion, &room, "hub/send", &users);
    sending(criterion, &room, "hub/send_to_nobody", &guests);
    delivering(criterion, &room)?;
    visiting(criterion, &room, &guests);
    assert_eq!(room.feed.open(), LISTENING, "all guests are gone");
    drop(listening);
    Ok(())
}

/// To each in turn, as the committing thread does it.
fn sending(criterion: &mut Criterion, room: &Room, name: &str, users: &[UserRef]) {
    let mut sent = 0;
    let mut next = || {
        let version = i64::try_from(2 + sent / users.len()).unwrap_or(i64::MAX);
        let user = &users[sent % users.len()];
        sent += 1;
        (user, next_version(&room.change, Version(version)))
    };
    criterion.bench_function(name, |bencher| {
        let tell = |(user, change): (&UserRef, Change)| room.feed.changed(user, change);
        bencher.iter_batched(&mut next, tell, BatchSize::SmallInput);
    });
}

/// From the commit to the bytes for a stream that keeps up.
fn delivering(criterion: &mut Criterion, room: &Room) -> Result<(), Failure> {
    let ana = user(LISTENING + GUESTS)?;
    let mut stream = room.join(&ana)?;
    assert!(matches!(stream.next().now_or_never(), Some(Item::Snapshot { .. })));
    let mut version = room.change.cursor.version;
    let mut next = || {
        version = version.next();
        next_version(&room.change, version)
    };
    criterion.bench_function("hub/deliver", |bencher| {
        let deliver = |change| {
            room.feed.changed(&ana, change);
            match stream.next().now_or_never() {
                Some(Item::Change(frame)) => frame.event(),
                other => unreachable!("the change is there at once, not {other:?}"),
            }
        };
        bencher.iter_batched(&mut next, deliver, BatchSize::SmallInput);
    });
    Ok(())
}

/// In, each as its user's first, and out, as its last.
fn visiting(criterion: &mut Criterion, room: &Room, guests: &[UserRef]) {
    let mut guests = guests.iter().cycle();
    let mut join = || guests.next().map(|guest| room.join(guest));
    let together = BatchSize::NumIterations(GUESTS as u64);
    criterion.bench_function("hub/join", |bencher| {
        bencher.iter_batched(|| (), |()| join(), together);
    });
    criterion.bench_function("hub/leave", |bencher| {
        bencher.iter_batched(&mut join, drop, together);
    });
}

/// A feed over users who are all in the same state.
struct Room {
    feed: Arc<Feed>,
    change: Change,
}

impl Room {
    fn open() -> Result<Self, Failure> {
        let change = change(at(1), 40)?;
        let user = change.user.clone();
        let present =
            move |_, _| ready(Ok(Some(CaughtUp { user: user.clone(), missed: None }))).boxed();
        let history = Arc::new(FirstRead(present));
        let clock = Arc::new(SystemClock::default());
        let feed = Feed::new(history, Arc::new(LocalBus::default()), clock, Limits::default());
        Ok(Self { feed, change })
    }

    fn join(&self, user: &UserRef) -> Result<Subscription, Refused> {
        let (user, issued_at) = (user.clone(), Micros(i64::MAX));
        let listener = Listener { user, session: None, issued_at, signed_by: None };
        self.feed.join(listener, Transport::Stream, None)
    }
}
