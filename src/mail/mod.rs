//! Letters: queued with the change that needs them, made when they are sent.
//!
//! A [`Letter`] is a row of the queue and holds no secret. The [`Worker`] claims it, the [`Writer`]
//! makes the [`Mail`] from it (the link and the code are derived then), and a [`Transport`]
//! carries it.

mod attempt;
mod colours;
mod directory;
mod inbox;
mod message;
mod outbox;
mod probe;
mod smtp;
mod templates;
mod transport;
mod worker;
mod writer;

pub use directory::Directory;
pub use inbox::Inbox;
pub use message::{BadSender, Sender};
pub use outbox::{Claimed, Letter, LetterKind, Outbox, OutboxUnavailable};
pub use probe::Probe;
pub use smtp::{BadCertificates, Protection, Relay, Smtp};
pub use templates::{BadTemplate, Templates};
pub use transport::{Mail, Transport, Undelivered};
pub use worker::Worker;
pub use writer::{CODE_LIFETIME, TenantsSettings, Unwritable, Writer};
