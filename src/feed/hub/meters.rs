use super::Transport;
use crate::feed::Frame;
use metrics::{Counter, Gauge, Histogram};

/// What is counted of listeners and deliveries. Held ready, as to look a metric up by its name takes longer
/// than to count, and a change may be news to thousands.
pub(in crate::feed) struct Meters {
    pub changes: Counter,
    streams: Transported,
    polls: Transported,
    /// From the commit until the last of the user's streams was written to.
    last_stream: Histogram,
}

struct Transported {
    open: Gauge,
    deliveries: Counter,
    age: Histogram,
}

impl Meters {
    pub fn new() -> Self {
        Self {
            changes: metrics::counter!("afterclick_changes_total"),
            streams: Transported::by(Transport::Stream, metrics::gauge!("afterclick_streams_open")),
            polls: Transported::by(Transport::Poll, metrics::gauge!("afterclick_polls_open")),
            last_stream: metrics::histogram!("afterclick_commit_to_last_stream_seconds"),
        }
    }

    /// How many are open.
    pub fn open(&self, transport: Transport) -> &Gauge {
        &self.of(transport).open
    }

    /// A change was written to a listener.
    pub fn delivered(&self, transport: Transport, frame: &Frame) {
        let meters = self.of(transport);
        meters.deliveries.increment(1);
        let Some(age) = frame.age() else { return };
        meters.age.record(age);
        if transport == Transport::Stream && frame.written() {
            self.last_stream.record(age);
        }
    }

    fn of(&self, transport: Transport) -> &Transported {
        match transport {
            Transport::Stream => &self.streams,
            Transport::Poll => &self.polls,
        }
    }
}

impl Transported {
    fn by(transport: Transport, open: Gauge) -> Self {
        let transport = transport.as_str();
        Self {
            open,
            deliveries: metrics::counter!("afterclick_deliveries_total", "transport" => transport),
            age: metrics::histogram!("afterclick_commit_to_write_seconds", "transport" => transport),
        }
    }
}
