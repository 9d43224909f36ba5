use super::Verified;
use super::verify::Lifetime;
use crate::accounts::issuers::{Keys, Source};
use crate::model::Micros;
use std::sync::Arc;

/// A token that was found good, and what that rests on.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) verified: Verified,
    pub(super) lifetime: Lifetime,
    /// Where the issuer's keys are from, and what they were.
    pub(super) source: Source,
    pub(super) keys: Arc<Keys>,
}

impl Proof {
    /// Whether the token would be found good again: as long as its time lasts, and no key of its
    /// issuer has come or gone.
    pub(super) fn holds(&self, now: Micros) -> bool {
        let same = |keys: Arc<Keys>| Arc::ptr_eq(&keys, &self.keys);
        self.source.keys().is_some_and(same) && self.lifetime.check(now).is_ok()
    }
}
