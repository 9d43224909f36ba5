//! Holding a user with the addresses that a change of it is about.

use super::Tx;
use super::addresses::{self, AddressRow};
use super::users::{self, UserRow};
use crate::model::{EmailAddress, UserRef};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// The rows of a user and of its address, and of `also`, each held until the transaction ends.
///
/// Addresses come before the user, in the order of their names, whoever asks: so nobody waits for
/// somebody who waits for them. Where the user got another address meanwhile, that is locked late;
/// should two then wait for each other, the database undoes one, and it is run again.
pub(crate) async fn with_addresses(
    tx: &mut Tx<'_>,
    user: &UserRef,
    also: Option<(&EmailAddress, [u8; 16])>,
) -> Result<(Option<UserRow>, Vec<AddressRow>), StoreError> {
    let salt = also.map_or([0; 16], |(_, salt)| salt);
    let mut held: Vec<AddressRow> = Vec::new();
    let mut row = users::find(tx, user).await?;
    loop {
        let own = row.as_ref().and_then(|row| row.address.clone());
        let other = also.map(|(email, _)| email.key().to_owned());
        let wanted: BTreeSet<String> = own.into_iter().chain(other).collect();
        for address in wanted {
            if held.iter().all(|held| held.address != address) {
                held.push(addresses::lock(tx, &user.tenant, &address, salt).await?);
            }
        }
        row = users::hold(tx, user).await?;
        let own = row.as_ref().and_then(|row| row.address.as_ref());
        if own.is_none_or(|own| held.iter().any(|held| held.address == *own)) {
            return Ok((row, held));
        }
    }
}
