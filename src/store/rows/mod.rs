//! What operations take and give, beside the model.

mod accounts;
mod backend;
mod history;
mod letters;
mod links;
mod passwords;
mod tenants;
mod webhooks;

pub use accounts::{
    Allowed, ApiKey, Candidate, FirstSight, NewSession, Refreshed, Rotation, Session, SignUp,
    Ticket,
};
pub use backend::{Deleted, Issued, Put, PutUser, WantedLink};
pub use history::{NewEvent, Page, Published, Since};
pub use letters::{ClaimedLetters, Queue, QueuedLetter};
pub use links::{Confirmed, Denied, Link, LinkState, NewLink, Resent, Tried};
pub use passwords::{NewPassword, NewReset, Proved, Reset, ResetState};
pub use tenants::{Recorded, Tenant};
pub use webhooks::{DeadMessage, ListedWebhook, Which};

/// The hash of a password under its address's salt.
pub type Hash = [u8; 32];
