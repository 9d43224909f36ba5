//! Users and changes to measure with.

use crate::Failure;
use afterclick::model::{
    Change, ChangeType, Cursor, Document, Epoch, Micros, TenantName, User, UserRef, Version,
};
use serde_json::json;

/// The same change in another version.
pub fn next_version(change: &Change, version: Version) -> Change {
    let mut change = change.clone();
    change.cursor.version = version;
    change.user.cursor.version = version;
    change
}

/// Where everybody is.
pub fn at(version: i64) -> Cursor {
    Cursor { epoch: Epoch::of("bench", "0"), version: Version(version) }
}

/// The user of this number.
pub fn user(number: usize) -> Result<UserRef, Failure> {
    Ok(UserRef { tenant: TenantName::built_in(), id: format!("user-{number}").parse()? })
}

/// A change with so many bytes in each of its documents.
pub fn change(cursor: Cursor, filling: usize) -> Result<Change, Failure> {
    let object = json!({ "status": "approved", "note": "x".repeat(filling) });
    let document = Document::new(object.as_object().ok_or("an object")?)?;
    let now = Micros::from_seconds(1_767_225_600);
    let user = User {
        id: "0197b2c8-6f3e-7c41-9d5a-0f1e2d3c4b5a".to_owned(),
        email: Some("ana@example.com".to_owned()),
        email_verified: true,
        email_verified_at: Some(now),
        kyc: document.clone(),
        attributes: document.clone(),
        created_at: now,
        updated_at: now,
        cursor,
    };
    Ok(Change { cursor, kind: ChangeType::kyc_updated(), data: document, at: now, user })
}
