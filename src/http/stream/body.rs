use super::Pace;
use super::goodbye::{Goodbye, retry_ms};
use crate::clock::random_between;
use crate::feed::{Item, Subscription, wire};
use crate::model::{Cursor, Micros};
use bytes::Bytes;
use futures_util::stream::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Serialize)]
struct Heartbeat {
    cursor: Cursor,
    now: Micros,
}

/// The body of a stream, one event a chunk.
///
/// Small, because there are many: one timer for all it waits for, nothing buffered.
pub(super) struct Body {
    /// `None` once the last event is written.
    subscription: Option<Subscription>,
    /// Whether an event was written; the first one says when to come back.
    begun: bool,
    heartbeat: Duration,
    timer: Pin<Box<Sleep>>,
    beats_at: Instant,
    closes_at: Instant,
    /// What is said at `closes_at`.
    closing: Goodbye,
}

impl Body {
    /// A body that lasts until `expires_at` and the maximal age at most.
    pub fn new(subscription: Subscription, expires_at: Option<Micros>, pace: Pace) -> Self {
        let opened = Instant::now();
        // From 80 to 100 %, in steps of a ten-thousandth.
        let age = pace.max_age.mul_f64(drawn(8_000, 10_000));
        let left = expires_at.map(|at| at.since(subscription.feed().clock().now()));
        let (lasts, closing) = match left {
            Some(left) if left < age => (left, Goodbye::TokenExpired),
            _ => (age, Goodbye::MaxAge),
        };
        let (beats_at, closes_at) = (opened + pace.heartbeat, opened + lasts);
        Self {
            subscription: Some(subscription),
            begun: false,
            heartbeat: pace.heartbeat,
            timer: Box::pin(sleep_until(beats_at.min(closes_at))),
            beats_at,
            closes_at,
            closing,
        }
    }

    /// The next event; `None` after the last.
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let Some(subscription) = &mut self.subscription else { return Poll::Ready(None) };
            // Before the changes, so that a stream that never rests ends in time all the same.
            if self.timer.as_mut().poll(context).is_ready() {
                let now = Instant::now();
                if now >= self.closes_at {
                    let ended = subscription.ended().map(Goodbye::from);
                    return self.part(ended.unwrap_or(self.closing));
                }
                if now >= self.beats_at {
                    self.beats_at = now + self.heartbeat;
                    self.rearm();
                    return self.beat();
                }
                self.rearm();
                continue;
            }
            return match ready!(subscription.poll_next(context)) {
                Item::Snapshot { reason, user } => match wire::snapshot(reason, &user) {
                    Ok(event) => self.write(event),
                    Err(error) => {
                        tracing::error!(%error, user.id = user.id, "a document cannot be written");
                        self.part(Goodbye::Unavailable)
                    }
                },
                Item::Change(frame) => match frame.event() {
                    Some(event) => {
                        subscription.delivered(&frame);
                        self.write(event)
                    }
                    None => self.part(Goodbye::Unavailable),
                },
                Item::Current => self.beat(),
                Item::Gone => self.part(Goodbye::UserDeleted),
                Item::Unavailable => self.part(Goodbye::Unavailable),
                Item::Ended(end) => self.part(end.into()),
                Item::Draining(over) => {
                    // A tenth is left for the last events to get out.
                    let at = Instant::now() + over.mul_f64(drawn(0, 9_000));
                    if at < self.closes_at {
                        (self.closes_at, self.closing) = (at, Goodbye::Draining);
                        self.rearm();
                    }
                    continue;
                }
            };
        }
    }

    /// One event, with when to come back in the same block where it is the first: some clients hand
    /// a `retry` alone on as an empty message.
    fn write(&mut self, event: Bytes) -> Poll<Option<Bytes>> {
        if std::mem::replace(&mut self.begun, true) {
            return Poll::Ready(Some(event));
        }
        let mut first = format!("retry: {}\n", retry_ms()).into_bytes();
        first.extend_from_slice(&event);
        Poll::Ready(Some(first.into()))
    }

    fn beat(&mut self) -> Poll<Option<Bytes>> {
        let newest = self.subscription.as_ref().and_then(|one| Some((one.newest()?, one.feed())));
        let event = newest.map(|(cursor, feed)| {
            let data = Heartbeat { cursor, now: feed.clock().now() };
            wire::event(None, "heartbeat", None, &data).unwrap_or_default()
        });
        match event {
            Some(event) => self.write(event),
            // A whole beat and the row is not read yet.
            None => self.part(Goodbye::Unavailable),
        }
    }

    /// Says goodbye, and gives the place back before the reader has read it.
    fn part(&mut self, goodbye: Goodbye) -> Poll<Option<Bytes>> {
        if let Some(subscription) = self.subscription.take() {
            subscription.leave(goodbye.code());
        }
        Poll::Ready(Some(goodbye.event()))
    }

    fn rearm(&mut self) {
        self.timer.as_mut().reset(self.beats_at.min(self.closes_at));
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context).map(|event| event.map(Ok))
    }
}

/// A number of `low..=high` ten-thousandths.
fn drawn(low: u32, high: u32) -> f64 {
    let drawn = random_between(low.into(), high.into());
    f64::from(u32::try_from(drawn).unwrap_or(high)) / 10_000.0
}
