//! What a backend's word makes of a user, before anything is written.

use super::users::{self, UserRow};
use crate::model::{ChangeType, Document};
use crate::store::{Put, PutUser};
use serde_json::{Map, Value};

/// The row as it is to be, its version apart.
pub(crate) fn said(before: &UserRow, new: &PutUser) -> Result<UserRow, Put> {
    let mut after = before.clone();
    if let Some(email) = &new.email {
        after.email = email.as_ref().map(|email| email.as_str().to_owned());
        after.address = email.as_ref().map(|email| email.key().to_owned());
        if after.address != before.address {
            after.email_verified_at = None;
        }
    }
    match new.email_verified {
        Some(true) if after.address.is_none() => return Err(Put::NoAddress),
        Some(true) => {
            after.email_verified_at = after.email_verified_at.or(Some(new.now.0));
        }
        Some(false) => after.email_verified_at = None,
        None => {}
    }
    if (&after.address, after.email_verified_at) != (&before.address, before.email_verified_at) {
        // From now on the application vouches for the account: it is no rival for an address, to
        // be removed for somebody else's click, and no sign-up that nobody confirmed.
        users::BROUGHT.clone_into(&mut after.origin);
        after.expires_at = None;
    }
    for (patch, document) in [(&new.kyc, &mut after.kyc), (&new.attributes, &mut after.attributes)]
    {
        let Some(patch) = patch else { continue };
        let merged = Document::stored(document).merged(patch).map_err(|_| Put::TooLarge)?;
        merged.as_str().clone_into(document);
    }
    Ok(after)
}

/// The members that differ, in the form in which they were said.
pub(crate) fn differing(before: &UserRow, after: &UserRow, new: &PutUser) -> Map<String, Value> {
    let mut data = Map::new();
    if before.email != after.email {
        data.insert("email".to_owned(), after.email.clone().into());
    }
    if before.email_verified_at.is_some() != after.email_verified_at.is_some() {
        data.insert("email_verified".to_owned(), after.email_verified_at.is_some().into());
    }
    for (name, patch, was, is) in [
        ("kyc", &new.kyc, &before.kyc, &after.kyc),
        ("attributes", &new.attributes, &before.attributes, &after.attributes),
    ] {
        let differs = Document::stored(was).members() != Document::stored(is).members();
        if let Some(patch) = patch.as_ref().filter(|_| differs) {
            data.insert(name.to_owned(), patch.members().into());
        }
    }
    data
}

/// Which change it is; another spelling of the same address is no change of address.
pub(crate) fn kind(
    created: bool,
    before: &UserRow,
    after: &UserRow,
    data: &Map<String, Value>,
) -> ChangeType {
    let verified = before.email_verified_at.is_none() && after.email_verified_at.is_some();
    if created {
        ChangeType::user_created()
    } else if before.address != after.address {
        ChangeType::email_changed()
    } else if verified {
        ChangeType::email_verified()
    } else if data.keys().all(|member| member == "kyc") {
        ChangeType::kyc_updated()
    } else {
        ChangeType::user_updated()
    }
}
