//! Passwords: which are taken, and how they are hashed without stopping everything else.

mod hash;
mod line;
mod password;
mod salt;

pub use hash::PasswordHash;
pub use line::{Busy, NotAccepted, Passwords};
pub use password::{Password, WeakPassword};
pub use salt::salt_for_unknown;
