//! "This was not me": an account that is still unverified goes.

use super::Tx;
use super::remove::{self, Links};
use super::{addresses, audit, links, users};
use crate::model::{Act, By, Deed, Digest, EndingCode, Micros};
use crate::store::{Denied, StoreError};

/// Removes the unverified account that the link was mailed for.
pub(crate) async fn by_link(
    tx: &mut Tx<'_>,
    digest: Digest,
    by: By,
    now: Micros,
) -> Result<Denied, StoreError> {
    let Some(link) = links::by_digest(tx, digest).await? else { return Ok(Denied::Unknown) };
    let Some(user) = link.user() else { return Ok(Denied::Unknown) };
    let address = addresses::lock(tx, &user.tenant, &link.address, [0; 16]).await?;
    if address.verified_user.is_some() {
        return Ok(Denied::LeftAlone);
    }
    let Some(row) = users::find(tx, &user).await? else { return Ok(Denied::Unknown) };
    if row.address.as_deref() != Some(&link.address) {
        return Ok(Denied::Unknown);
    }
    if now.0 >= link.expires_at {
        return Ok(Denied::Expired);
    }
    if !row.is_rival() {
        return Ok(Denied::LeftAlone);
    }
    remove::user(tx, &row, EndingCode::UserDeleted, Links::Remove, now).await?;
    audit::record(tx, Act::on_user(by, Deed::UserDeleted, &user.tenant, &user.id, now)).await?;
    Ok(Denied::Removed)
}
