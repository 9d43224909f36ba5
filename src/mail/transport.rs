use crate::model::{EmailAddress, Micros};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// A mail as it is delivered, link and code included.
#[derive(Clone)]
pub struct Mail {
    /// The letter's id; the basis of the Message-ID.
    pub id: Uuid,
    /// The one recipient.
    pub to: EmailAddress,
    /// Whom it comes from, where that is not the service's own sender: `Name <name@example.com>`.
    pub from: Option<String>,
    /// The subject: one line.
    pub subject: String,
    /// The body for those who read plain text.
    pub text: String,
    /// The body for everybody else.
    pub html: String,
    /// The link in it, if there is one.
    pub link: Option<String>,
    /// The six digits in it, if there are any.
    pub code: Option<String>,
    /// When the letter was queued; the same at every try.
    pub at: Micros,
}

/// Shows neither the bodies nor the link nor the code: whoever has those can confirm the address.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mail = formatter.debug_struct("Mail");
        mail.field("id", &self.id).field("to", &self.to).field("subject", &self.subject);
        mail.finish_non_exhaustive()
    }
}

/// Why a mail was not delivered. The cause is logged, so it must not name the whole address.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// No later try can succeed.
    #[error("the mail was refused for good")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// A later try may succeed.
    #[error("the mail could not be delivered now")]
    Later(#[source] Box<dyn Error + Send + Sync>),
}

impl Undelivered {
    /// Why, in one line.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Refused(cause) | Self::Later(cause) => cause.to_string(),
        }
    }
}

/// Carries a mail to where it is read.
///
/// May be called for the same mail again, after a failure or when a delivery could not be recorded.
/// It is cut off by a deadline, so it must leave nothing half done when it is dropped.
pub trait Transport: Send + Sync + 'static {
    /// Delivers `mail`.
    fn deliver(&self, mail: Arc<Mail>) -> BoxFuture<'static, Result<(), Undelivered>>;

    /// Whether a mail could be delivered now, as far as can be told without one. A transport that
    /// nothing can keep from its work says yes.
    fn check(&self) -> BoxFuture<'static, Result<(), Undelivered>> {
        ready(Ok(())).boxed()
    }
}
