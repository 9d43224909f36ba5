//! Two nodes over one database.

use super::memory::{NOW, Node, ana, ending, listener};
use crate::feed::{Bus, BusState, Feed, Heard, Item, Limits, Transport};
use crate::model::{Cursor, Ending, EndingCode, SessionId, UserRef};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};

/// One end of a wire between two nodes.
struct Wire {
    out: UnboundedSender<Heard>,
    heard: Mutex<Option<UnboundedReceiver<Heard>>>,
}

impl Wire {
    fn ends() -> (Self, Self) {
        let ((a, at_b), (b, at_a)) = (unbounded_channel(), unbounded_channel());
        let end = |out, heard| Self { out, heard: Mutex::new(Some(heard)) };
        (end(a, at_a), end(b, at_b))
    }
}

impl Bus for Wire {
    fn changed(&self, user: &UserRef, cursor: Cursor) {
        let _ = self.out.send(Heard::Changed(user.clone(), cursor));
    }

    fn ended(&self, ending: &Ending) {
        let _ = self.out.send(Heard::Ended(ending.clone()));
    }

    fn hear(&self) -> BoxStream<'static, Heard> {
        let heard = self.heard.lock().unwrap().take().unwrap();
        unfold(heard, async |mut heard| Some((heard.recv().await?, heard))).boxed()
    }

    fn state(&self) -> BusState {
        BusState::Up(1)
    }
}

/// Two nodes, and what the first one's bus can be made to say to the second's.
fn pair() -> (Node, Node, UnboundedSender<Heard>) {
    let (mut one, mut two) = (Node::new(), Node::new());
    two.memory = one.memory.clone();
    let (here, there) = Wire::ends();
    let out = here.out.clone();
    for (node, bus) in [(&mut one, here), (&mut two, there)] {
        let history = Arc::new(node.memory.clone());
        node.feed = Feed::new(history, Arc::new(bus), node.clock.clone(), Limits::default());
        tokio::spawn(node.feed.clone().run());
    }
    (one, two, out)
}

#[tokio::test(start_paused = true)]
async fn a_change_on_one_node_is_shown_on_the_other_at_once() {
    let (one, two, _) = pair();
    let mut stream = two.stream(None);
    stream.next().await;
    let began = Instant::now();

    let change = one.change();

    assert!(matches!(stream.next().await, Item::Change(frame) if *frame.change() == change));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_log_out_on_one_node_ends_the_stream_on_the_other() {
    let (one, two, _) = pair();
    let session = SessionId::draw();
    let mut stream = two.feed.join(listener(Some(session)), Transport::Stream, None).unwrap();
    stream.next().await;

    one.feed.ended(&ending(Some(session), EndingCode::SessionRevoked));

    assert!(matches!(timeout(Duration::from_secs(1), stream.next()).await, Ok(Item::Ended(_))));
    assert!(two.feed.refuses(&ana(), Some(session), NOW));
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_was_away_has_everybody_brought_up_to_date() {
    let (one, two, out) = pair();
    let mut stream = two.stream(None);
    stream.next().await;
    one.memory.commit(&ana());
    let began = Instant::now();

    out.send(Heard::Missed).unwrap();

    assert!(matches!(stream.next().await, Item::Change(_)));
    assert_eq!(began.elapsed(), Duration::ZERO);
}
