use super::{Confirmation, Verification};
use crate::model::{Code, UserRef};
use crate::store::{Confirmed, StoreError, Tried};
use std::time::Duration;

/// Why a code did not verify the address.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Not a code of an unexpired mail; so many tries are left.
    #[error("that is not the code of a recent mail")]
    Wrong(i64),
    /// Too many wrong ones, so that even the right one has to wait; the link still works.
    #[error("too many wrong codes: wait, or use the link in the mail")]
    TooMany(Duration),
    /// The account has nothing to verify.
    #[error("this account has no address to verify")]
    NoAddress,
    /// Nothing was changed, and the try may not have been counted.
    #[error("the code could not be checked now")]
    Store(#[from] StoreError),
}

impl Verification {
    /// Verifies the caller's address by a code from one of its mails.
    ///
    /// What came of a try is told only after it was counted, in one transaction: a thousand at
    /// once are still five.
    ///
    /// # Errors
    ///
    /// [`CodeError`].
    pub async fn confirm_code(
        &self,
        user: &UserRef,
        typed: &str,
    ) -> Result<Confirmation, CodeError> {
        let now = self.clock.now();
        let open = self.store.open_codes(user.clone(), now).await?;
        let typed = Code::parse(typed);
        let right = |typed: &Code| {
            open.iter().copied().find(|id| self.secret.code(id.as_bytes()).matches(typed))
        };
        let tried = self.store.try_code(user.clone(), typed.as_ref().and_then(right), now).await?;
        count(&tried);
        match tried {
            Tried::Right(Confirmed::Now) => Ok(Confirmation { already: false }),
            Tried::Right(Confirmed::Already) => Ok(Confirmation { already: true }),
            Tried::Right(_) => Err(CodeError::NoAddress),
            Tried::Wrong(left) => Err(CodeError::Wrong(left)),
            Tried::TooMany(wait) => Err(CodeError::TooMany(wait)),
        }
    }
}

fn count(tried: &Tried) {
    let outcome = match tried {
        Tried::Right(Confirmed::Now) => "verified",
        Tried::Right(Confirmed::Already) => "already",
        Tried::Right(_) => return,
        Tried::Wrong(_) => "wrong",
        Tried::TooMany(_) => "too_many",
    };
    metrics::counter!("afterclick_codes_total", "outcome" => outcome).increment(1);
    if outcome == "too_many" {
        metrics::counter!("afterclick_limits_hit_total", "limit" => "code").increment(1);
    }
}
