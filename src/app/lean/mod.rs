//! Connections of streams and polls, without what actix keeps for each connection.
//!
//! actix holds two buffers of 8 KiB and a dispatcher as long as a connection lives. A stream that
//! waits needs none of it, and they were two thirds of what it cost. So we look at the first
//! bytes of a connection before actix does. A plain request for a stream or a poll, as a client sends
//! it, is handed to the same application and its answer written from here, from one buffer a
//! worker. Everything else is actix's, and so is a connection on which anything else comes later: it
//! reads what came as if nobody had. Nothing that is odd is judged here.

mod answer;
mod head;
mod serve;

pub(super) use serve::serve;

use std::cell::RefCell;
use std::rc::Rc;

/// One buffer for all connections of a worker: for what is looked at or written within one poll.
pub(super) type Scratch = Rc<RefCell<Vec<u8>>>;
