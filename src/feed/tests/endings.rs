//! Who must go when something ends, and who may stay.

use super::memory::{NOW, Node, ana, ending, listener, user};
use crate::feed::{Item, Listener, Refused, SessionConnections, Transport};
use crate::model::{EndingCode, Micros, SessionId};
use futures_util::FutureExt;
use std::time::Duration;

/// Whether the next thing a listener hears is that it must go.
fn must_go(subscription: &mut crate::feed::Subscription) -> bool {
    matches!(subscription.next().now_or_never(), Some(Item::Ended(_)))
}

#[test]
fn a_log_out_ends_the_streams_of_that_session_only() {
    let node = Node::new();
    let (phone, laptop) = (SessionId::draw(), SessionId::draw());
    let join = |session| node.feed.join(listener(Some(session)), Transport::Stream, None).unwrap();
    let (mut on_phone, mut on_laptop) = (join(phone), join(laptop));

    node.feed.ended(&ending(Some(phone), EndingCode::SessionRevoked));

    assert!(must_go(&mut on_phone));
    assert!(!must_go(&mut on_laptop));
    assert!(node.feed.refuses(&ana(), Some(phone), NOW));
    assert!(!node.feed.refuses(&ana(), Some(laptop), NOW));
}

#[test]
fn an_end_is_heard_before_anything_else_however_far_behind_the_listener_is() {
    let node = Node::new();
    let mut stream = node.stream(None);
    stream.next().now_or_never().unwrap();
    (0..40).for_each(|_| drop(node.change()));

    node.feed.ended(&ending(None, EndingCode::SessionRevoked));

    assert!(must_go(&mut stream));
}

#[test]
fn an_ending_that_is_heard_again_spares_who_came_after_it() {
    let node = Node::new();
    for code in [EndingCode::Disconnected, EndingCode::SessionRevoked, EndingCode::UserDeleted] {
        let ending = crate::model::Ending { at: node.feed.clock().now(), ..ending(None, code) };
        node.feed.ended(&ending);
        node.clock.advance(Duration::from_secs(1));
        let issued_at = node.feed.clock().now();
        let fresh = Listener { user: ana(), session: None, issued_at, signed_by: None };
        let mut stream = node.feed.join(fresh, Transport::Stream, None).unwrap();

        node.feed.ended(&ending);

        assert!(!must_go(&mut stream), "{code:?}");
    }
}

#[test]
fn a_disconnection_by_a_clock_that_is_behind_ends_who_is_there_and_spares_who_comes_back() {
    let node = Node::new();
    let at = node.feed.clock().now();
    node.clock.advance(Duration::from_millis(500));
    let mut there = node.stream(None);
    let ending = crate::model::Ending { at, ..ending(None, EndingCode::Disconnected) };

    node.feed.ended(&ending);
    let mut back = node.stream(None);
    node.feed.ended(&ending);

    assert!(must_go(&mut there));
    assert!(!must_go(&mut back));
}

#[test]
fn a_credential_that_ended_after_it_was_checked_is_not_let_in() {
    let node = Node::new();

    node.feed.ended(&ending(None, EndingCode::UserDeleted));

    let refused = node.feed.join(listener(None), Transport::Stream, None).err();
    assert_eq!(refused, Some(Refused::Ended(EndingCode::UserDeleted)));
    assert_eq!(node.feed.hub.users(), 0);
}

#[test]
fn an_ending_is_one_users() {
    let node = Node::new();
    let bob = Listener { user: user("bob"), session: None, issued_at: Micros(0), signed_by: None };
    let mut stream = node.feed.join(bob, Transport::Stream, None).unwrap();

    node.feed.ended(&ending(None, EndingCode::UserDeleted));

    assert!(!must_go(&mut stream));
}

#[test]
fn connections_are_counted_by_session() {
    let node = Node::new();
    let session = SessionId::draw();
    let join = |session, transport| node.feed.join(listener(session), transport, None).unwrap();
    let mut parked = join(None, Transport::Poll);
    parked.park().unwrap();
    let _open = [
        join(None, Transport::Poll),
        join(Some(session), Transport::Stream),
        join(Some(session), Transport::Stream),
    ];

    let connections = node.feed.connections(&ana());

    assert_eq!((connections.streams, connections.polls), (2, 1));
    let by = |session_id, streams, polls| SessionConnections { session_id, streams, polls };
    assert_eq!(connections.by_session, [by(None, 0, 1), by(Some(session), 2, 0)]);
}
