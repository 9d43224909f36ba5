//! Letters: queued with the change that needs them, made when they are sent.
//!
//! A [`Letter`] is a row of the queue and holds no secret. The [`Worker`] claims it, the [`Writer`]
//! makes the [`Mail`] from it (the link and the code are derived then), and a [`Transport`]
//! carries it.

mod attempt;
mod directory;
mod inbox;
mod message;
mod outbox;
mod templates;
mod transport;
mod worker;

pub use directory::Directory;
pub use inbox::Inbox;
pub use message::{BadSender, Sender};
pub use outbox::{Letter, LetterKind, Outbox, OutboxUnavailable};
pub use templates::{CODE_LIFETIME, Unwritable, Writer};
pub use transport::{Mail, Transport, Undelivered};
pub use worker::Worker;
