//! Tenants, and the record of what was done.

use crate::model::{Micros, TenantName, TenantSettings};
use uuid::Uuid;

/// A tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// When it was made.
    pub created_at: Micros,
    /// What of the service's settings is another for it.
    pub settings: TenantSettings,
}

/// An act that was written down, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id, for the next page.
    pub id: Uuid,
    /// When.
    pub at: Micros,
    /// Whose key, user, or webhook, or which tenant.
    pub tenant: String,
    /// Who: `key:` and its id, `command line`, `user`, `link`, or `receiver`.
    pub actor: String,
    /// What.
    pub deed: String,
    /// On which key, user, or webhook.
    pub subject: Option<String>,
    /// In which request.
    pub request: Option<String>,
}
