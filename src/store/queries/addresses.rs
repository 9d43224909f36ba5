//! The addresses: the lock under which accounts compete for one, and the count of its mails.

use super::super::ONE_WRITER;
use super::super::RunQueryDsl;
use super::Tx;
use super::prepared::Prepare;
use crate::model::{Micros, TenantName};
use crate::store::StoreError;
use crate::store::schema::addresses;
use crate::store::stamps::Stamps;
use diesel::prelude::*;

/// An address's row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = addresses)]
pub(crate) struct AddressRow {
    pub(crate) tenant: String,
    pub(crate) address: String,
    pub(crate) salt: Vec<u8>,
    pub(crate) verified_user: Option<String>,
    pub(crate) mailed: String,
}

/// Makes the address's row if need be, and holds it until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx<'_>,
    tenant: &TenantName,
    address: &str,
    salt: [u8; 16],
) -> Result<AddressRow, StoreError> {
    if ONE_WRITER && let Some(row) = find(tx, tenant.as_str(), address).await? {
        return Ok(row);
    }
    let values = (
        addresses::tenant.eq(tenant.as_str()),
        addresses::address.eq(address),
        addresses::salt.eq(salt.to_vec()),
        addresses::mailed.eq(""),
    );
    // Writing the row as it is takes its lock, where reading it would not.
    Ok(diesel::insert_into(addresses::table)
        .values(values)
        .on_conflict((addresses::tenant, addresses::address))
        .do_update()
        .set(addresses::address.eq(address))
        .returning(AddressRow::as_returning())
        .prepared()
        .get_result(tx.conn)
        .await?)
}

/// The address's row, without making or locking it.
pub(crate) async fn find(
    tx: &mut Tx<'_>,
    tenant: &str,
    address: &str,
) -> Result<Option<AddressRow>, StoreError> {
    Ok(addresses::table
        .find((tenant, address))
        .select(AddressRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?)
}

/// The salt of the address's passwords.
pub(crate) async fn salt(
    tx: &mut Tx<'_>,
    tenant: TenantName,
    address: String,
) -> Result<Option<[u8; 16]>, StoreError> {
    let address = find(tx, tenant.as_str(), &address).await?;
    Ok(address.and_then(|address| address.salt.try_into().ok()))
}

/// Says that `user` has verified the address, or with `None` that nobody has.
pub(crate) async fn set_verified(
    tx: &mut Tx<'_>,
    tenant: &str,
    address: &str,
    user: Option<&str>,
) -> Result<(), StoreError> {
    diesel::update(addresses::table.find((tenant, address)))
        .set(addresses::verified_user.eq(user))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Gives the address another salt; nobody's password was hashed with the old one.
pub(crate) async fn set_salt(
    tx: &mut Tx<'_>,
    row: &AddressRow,
    salt: &[u8],
) -> Result<(), StoreError> {
    diesel::update(addresses::table.find((&row.tenant, &row.address)))
        .set(addresses::salt.eq(salt))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Counts a mail to the address where it may have one; whether it may.
pub(crate) async fn count_mail(
    tx: &mut Tx<'_>,
    row: &AddressRow,
    now: Micros,
) -> Result<bool, StoreError> {
    let mut mailed = Stamps::read(&row.mailed, now);
    if mailed.full() {
        return Ok(false);
    }
    mailed.add(now);
    diesel::update(addresses::table.find((&row.tenant, &row.address)))
        .set(addresses::mailed.eq(mailed.write()))
        .prepared()
        .execute(tx.conn)
        .await?;
    Ok(true)
}
