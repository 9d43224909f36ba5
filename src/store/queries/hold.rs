//! Holding a user with the addresses that a change of it is about.

use super::super::take_turn;
use super::Tx;
use super::addresses::{self, AddressRow};
use super::users::{self, UserRow};
use crate::model::{EmailAddress, UserRef};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// The address of `row` among those that are held.
pub(crate) fn address_of<'h>(held: &'h [AddressRow], row: &UserRow) -> Option<&'h AddressRow> {
    held.iter().find(|held| Some(&held.address) == row.address.as_ref())
}

/// The rows of a user and of its address, and of `also`, each held until the transaction ends.
///
/// Whoever may give a user an address comes here first, and takes turns with the others: so the
/// address that is read and locked is still the user's when the user is held, or gone. Addresses
/// come before users, and in the order of their names, so that nobody waits for somebody who waits.
pub(crate) async fn with_addresses(
    tx: &mut Tx<'_>,
    user: &UserRef,
    also: Option<(&EmailAddress, [u8; 16])>,
) -> Result<(Option<UserRow>, Vec<AddressRow>), StoreError> {
    take_turn(tx.conn, &user.to_string()).await?;
    let own = users::find(tx, user).await?.and_then(|row| row.address);
    let other = also.map(|(email, _)| email.key().to_owned());
    let salt = also.map_or([0; 16], |(_, salt)| salt);
    let mut held = Vec::new();
    for address in own.into_iter().chain(other).collect::<BTreeSet<String>>() {
        held.push(addresses::lock(tx, &user.tenant, &address, salt).await?);
    }
    Ok((users::hold(tx, user).await?, held))
}
