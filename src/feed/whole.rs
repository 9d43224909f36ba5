use super::frame::tell;
use super::wire;
use crate::model::User;
use bytes::Bytes;
use std::ops::Deref;
use std::sync::OnceLock;

/// A user's whole state on its way to whoever must be shown it.
///
/// Shared, and written for polls once: those of a user who does not change are all answered the same.
#[derive(Debug)]
pub struct Whole {
    user: User,
    answer: OnceLock<Option<Bytes>>,
}

impl Whole {
    /// What a poll is answered to whom it is shown; `None` where it cannot be written.
    pub fn answer(&self) -> Option<Bytes> {
        let encode = || wire::news(&self.user, None).inspect_err(tell).ok();
        self.answer.get_or_init(encode).clone()
    }
}

impl From<User> for Whole {
    fn from(user: User) -> Self {
        Self { user, answer: OnceLock::new() }
    }
}

impl Deref for Whole {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}
