use super::{Cursor, Document, Micros};
use serde::{Deserialize, Serialize};

/// A user's whole state as every reader sees it, and the place in its history where it was so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id within its tenant.
    pub id: String,
    /// The address as typed; `None` where it has none, or lost it to the one who verified it.
    pub email: Option<String>,
    /// Whether somebody proved to read that address.
    pub email_verified: bool,
    /// Since when; `None` while unverified.
    pub email_verified_at: Option<Micros>,
    /// The application's word on who this is.
    pub kyc: Document,
    /// The application's own members.
    pub attributes: Document,
    /// When the row was made.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
    /// Where in its history this is.
    pub cursor: Cursor,
}
