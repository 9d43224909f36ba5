//! Passwords: which are taken, and how they are hashed without stopping everything else.

mod hash;
mod password;
mod salt;

pub use hash::{Busy, PasswordHash, Passwords};
pub use password::{Password, WeakPassword};
pub use salt::salt_for_unknown;
