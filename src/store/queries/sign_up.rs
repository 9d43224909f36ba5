//! Sign-up: until an address is verified it belongs to nobody, and several accounts may name it.

use super::Tx;
use super::remove::{self, Links};
use super::users::{self, UserRow};
use super::{addresses, resend};
use crate::model::{EndingCode, UserId, UserRef};
use crate::store::{SignUp, StoreError};

/// How many unverified accounts one client may have for one address.
const FROM_ONE_CLIENT: usize = 2;

/// How many unverified accounts may name one address.
const IN_ALL: usize = 20;

/// Makes an unverified account and queues its mail; the same address and password again is that
/// account, mailed again within the throttle.
pub(crate) async fn sign_up(tx: &mut Tx<'_>, new: SignUp) -> Result<UserRef, StoreError> {
    let address = addresses::lock(tx, &new.tenant, new.email.key(), new.salt).await?;
    let named = users::naming(tx, new.tenant.as_str(), new.email.key()).await?;
    let mut rivals: Vec<UserRow> = named.into_iter().filter(UserRow::is_rival).collect();
    let same = rivals.iter().find(|rival| rival.password.as_deref() == Some(&new.password[..]));
    if let Some((row, user)) = same.and_then(|row| Some((row, row.user()?))) {
        if resend::wait(row, new.now).is_none() {
            resend::send(tx, row, &address, new.link, &new.languages, new.now).await?;
        }
        return Ok(user);
    }
    make_room(tx, &mut rivals, &new).await?;

    let user = UserRef { tenant: new.tenant.clone(), id: UserId::draw() };
    let mut row = UserRow::new(&user, users::SIGNED_UP, new.now);
    row.email = Some(new.email.as_str().to_owned());
    row.address = Some(new.email.key().to_owned());
    row.password = Some(new.password.to_vec());
    // Another since the password was hashed, where an account came here with its own.
    row.salt = (address.salt != new.salt).then(|| new.salt.to_vec());
    row.device = Some(new.device);
    row.client = Some(new.client);
    users::create(tx, &row).await?;
    resend::send(tx, &row, &address, new.link, &new.languages, new.now).await?;
    Ok(user)
}

/// Removes the accounts idle longest until another fits. `rivals` are ordered by idleness.
async fn make_room(
    tx: &mut Tx<'_>,
    rivals: &mut Vec<UserRow>,
    new: &SignUp,
) -> Result<(), StoreError> {
    let theirs = |row: &UserRow| row.client.as_deref() == Some(new.client.as_str());
    while let Some(idlest) = if rivals.iter().filter(|row| theirs(row)).count() >= FROM_ONE_CLIENT {
        rivals.iter().position(theirs)
    } else {
        (rivals.len() >= IN_ALL).then_some(0)
    } {
        let row = rivals.remove(idlest);
        remove::user(tx, &row, EndingCode::UserDeleted, Links::Remove, new.now).await?;
    }
    Ok(())
}
