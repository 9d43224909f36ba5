//! The part of a user's row that everybody reads, and which is read most.

use super::super::RunQueryDsl;
use super::Tx;
use crate::model::{Cursor, Document, Micros, User, UserRef};
use crate::store::StoreError;
use crate::store::schema::users;
use diesel::prelude::*;

/// What of a user's row everybody reads.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct ShownRow {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) epoch: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified_at: Option<i64>,
    pub(crate) kyc: String,
    pub(crate) attributes: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl ShownRow {
    /// Where in its history the row is, `database` being the database's part of the epoch.
    pub(crate) fn cursor(&self, database: &str) -> Cursor {
        Cursor::stored(database, &self.epoch, self.version)
    }

    /// The document.
    pub(crate) fn document(self, database: &str) -> User {
        let cursor = self.cursor(database);
        User {
            id: self.id,
            email: self.email,
            email_verified: self.email_verified_at.is_some(),
            email_verified_at: self.email_verified_at.map(Micros),
            kyc: Document::stored(&self.kyc),
            attributes: Document::stored(&self.attributes),
            created_at: Micros(self.created_at),
            updated_at: Micros(self.updated_at),
            cursor,
        }
    }
}

/// What is shown of `user`.
pub(crate) async fn find(tx: &mut Tx<'_>, user: &UserRef) -> Result<Option<ShownRow>, StoreError> {
    Ok(users::table
        .find((user.tenant.as_str(), user.id.as_str()))
        .select(ShownRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?)
}
