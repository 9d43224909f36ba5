//! The users' rows, and the one way to write a new version.

use super::super::RunQueryDsl;
use super::super::{ONE_WRITER, RETURNS, take_turn};
use super::Tx;
use super::addresses::AddressRow;
use super::prepared::Prepare;
use super::shown::{self, ShownRow};
use crate::bugs::{Bug, seeded};
use crate::model::{
    Change, ChangeType, Cursor, Document, Effect, EmailAddress, Epoch, Micros, User, UserId,
    UserRef,
};
use crate::store::schema::{changes, users, webhooks};
use crate::store::{FirstSight, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;

/// How an account came to be; a rival for an address loses the account or only the address by it.
pub(crate) const SIGNED_UP: &str = "sign-up";

/// Made by a backend, an issuer, or the command line.
pub(crate) const BROUGHT: &str = "brought";

/// A user's row.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) epoch: String,
    pub(crate) origin: String,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) email_verified_at: Option<i64>,
    pub(crate) kyc: String,
    pub(crate) attributes: String,
    pub(crate) password: Option<Vec<u8>>,
    pub(crate) device: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) mailed: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) active_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) salt: Option<Vec<u8>>,
}

impl UserRow {
    /// A first version with nothing but a name.
    pub(crate) fn new(user: &UserRef, origin: &str, now: Micros) -> Self {
        Self {
            tenant: user.tenant.to_string(),
            id: user.id.to_string(),
            version: 1,
            epoch: Epoch::draw().to_string(),
            origin: origin.to_owned(),
            email: None,
            address: None,
            email_verified_at: None,
            kyc: "{}".to_owned(),
            attributes: "{}".to_owned(),
            password: None,
            device: None,
            client: None,
            mailed: String::new(),
            created_at: now.0,
            updated_at: now.0,
            active_at: now.0,
            expires_at: None,
            salt: None,
        }
    }

    /// Where in its history the row is, `database` being the database's part of the epoch.
    pub(crate) fn cursor(&self, database: &str) -> Cursor {
        Cursor::stored(database, &self.epoch, self.version)
    }

    /// The document that everybody reads.
    pub(crate) fn document(&self, database: &str) -> User {
        let shown = ShownRow {
            id: self.id.clone(),
            version: self.version,
            epoch: self.epoch.clone(),
            email: self.email.clone(),
            email_verified_at: self.email_verified_at,
            kyc: self.kyc.clone(),
            attributes: self.attributes.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        shown.document(database)
    }

    /// The address as typed.
    pub(crate) fn email(&self) -> Option<EmailAddress> {
        self.email.as_deref().and_then(|email| EmailAddress::parse(email).ok())
    }

    /// What its password was hashed with, its own or its address's; `None` where it has none.
    pub(crate) fn own_salt(&self, address: Option<&AddressRow>) -> Option<Vec<u8>> {
        self.password.as_ref()?;
        self.salt.clone().or_else(|| address.map(|address| address.salt.clone()))
    }

    /// The same, to hash with.
    pub(crate) fn password_salt(&self, address: &AddressRow) -> Option<[u8; 16]> {
        self.own_salt(Some(address))?.try_into().ok()
    }

    /// Whether this is one of the accounts that compete for an address nobody has verified.
    pub(crate) fn is_rival(&self) -> bool {
        self.origin == SIGNED_UP && self.email_verified_at.is_none()
    }

    /// Which user this is.
    pub(crate) fn user(&self) -> Option<UserRef> {
        Some(UserRef { tenant: self.tenant.parse().ok()?, id: self.id.parse().ok()? })
    }
}

/// The row of `user`.
pub(crate) async fn find(tx: &mut Tx<'_>, user: &UserRef) -> Result<Option<UserRow>, StoreError> {
    Ok(users::table
        .find((user.tenant.as_str(), user.id.as_str()))
        .select(UserRow::as_select())
        .get_result(tx.conn)
        .await
        .optional()?)
}

/// The row of `user`, held until the transaction ends. Addresses are locked before it.
pub(crate) async fn hold(tx: &mut Tx<'_>, user: &UserRef) -> Result<Option<UserRow>, StoreError> {
    if ONE_WRITER {
        return find(tx, user).await;
    }
    // Writing the row as it is takes its lock, where reading it would not.
    Ok(diesel::update(users::table.find((user.tenant.as_str(), user.id.as_str())))
        .set(users::active_at.eq(users::active_at))
        .returning(UserRow::as_returning())
        .prepared()
        .get_result(tx.conn)
        .await
        .optional()?)
}

/// The document of `user`.
pub(crate) async fn document(tx: &mut Tx<'_>, user: UserRef) -> Result<Option<User>, StoreError> {
    let row = shown::find(tx, &user).await?;
    Ok(row.map(|row| row.document(&tx.epoch)))
}

/// What the user's password was hashed with; `None` where it has no password, or no address.
pub(crate) async fn salt(tx: &mut Tx<'_>, user: UserRef) -> Result<Option<[u8; 16]>, StoreError> {
    let Some(row) = find(tx, &user).await? else { return Ok(None) };
    let Some(key) = row.address.as_deref() else { return Ok(None) };
    let address = super::addresses::find(tx, user.tenant.as_str(), key).await?;
    Ok(address.and_then(|address| row.password_salt(&address)))
}

/// Writes a new user and its `user.created`.
pub(crate) async fn create(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), StoreError> {
    diesel::insert_into(users::table).values(row).execute(tx.conn).await?;
    record(tx, row, ChangeType::user_created(), Document::empty()).await?;
    Ok(())
}

/// Records the version that `row` has just been given: see [`record_shown`].
pub(crate) async fn record(
    tx: &mut Tx<'_>,
    row: &UserRow,
    kind: ChangeType,
    data: Document,
) -> Result<Option<Change>, StoreError> {
    let Some(owner) = row.user() else { return Ok(None) };
    let user = row.document(&tx.epoch);
    Ok(Some(record_shown(tx, owner, user, kind, data).await?))
}

/// Records the version that `owner`'s row, which shows as `user`, has just been given: the change is
/// written in the same transaction, and told after its COMMIT.
pub(crate) async fn record_shown(
    tx: &mut Tx<'_>,
    owner: UserRef,
    user: User,
    kind: ChangeType,
    data: Document,
) -> Result<Change, StoreError> {
    let change = Change { cursor: user.cursor, kind, data, at: user.updated_at, user };
    let (tenant, id, version) = (owner.tenant.as_str(), owner.id.as_str(), change.cursor.version.0);
    let values = (
        changes::tenant.eq(tenant),
        changes::user_id.eq(id),
        changes::version.eq(version),
        changes::kind.eq(change.kind.as_str()),
        changes::data.eq(change.data.as_str()),
        changes::document.eq(super::changes::stored(&change.user)),
        changes::at.eq(change.at.0),
    );
    if seeded(Bug::VersionStands) {
        let same = changes::table.find((tenant, id, version));
        diesel::delete(same).execute(tx.conn).await?;
    }
    let enabled = webhooks::tenant.eq(tenant).and(webhooks::disabled_at.is_null());
    let webhooks = exists(webhooks::table.filter(enabled));
    let insert = diesel::insert_into(changes::table).values(values);
    // Asked along with the write, so that a tenant without webhooks pays no round trip for them.
    let webhooks: bool = if RETURNS {
        insert.returning(webhooks).get_result(tx.conn).await?
    } else {
        insert.execute(tx.conn).await?;
        diesel::select(webhooks).get_result(tx.conn).await?
    };
    if webhooks {
        super::deliveries::queue(tx, &owner, &change).await?;
    }
    let most = tx.kept.of(tenant).changes;
    if version > most {
        let of_user = changes::tenant.eq(tenant).and(changes::user_id.eq(id));
        let old = of_user.and(changes::version.le(version - most));
        diesel::delete(changes::table.filter(old)).execute(tx.conn).await?;
    }
    tx.effects.push(Effect::Changed(owner, change.clone()));
    Ok(change)
}

/// Makes the user that an issuer or the command line names, unless it is there. A claimed address
/// that another user of the tenant has verified is left out.
pub(crate) async fn first_sight(tx: &mut Tx<'_>, sight: FirstSight) -> Result<User, StoreError> {
    // Of two that meet a new user at once, the second finds it there.
    take_turn(tx.conn, &sight.user.to_string()).await?;
    let mut row = UserRow::new(&sight.user, BROUGHT, sight.now);
    if let Some(email) = &sight.email {
        let address =
            super::addresses::lock(tx, &sight.user.tenant, email.key(), sight.salt).await?;
        if address.verified_user.as_deref().is_none_or(|owner| owner == sight.user.id.as_str()) {
            row.email = Some(email.as_str().to_owned());
            row.address = Some(email.key().to_owned());
        }
    }
    if let Some(there) = find(tx, &sight.user).await? {
        return Ok(there.document(&tx.epoch));
    }
    create(tx, &row).await?;
    if sight.email_verified && row.address.is_some() {
        super::confirm::verify(tx, &mut row, "issuer", sight.now).await?;
    }
    Ok(row.document(&tx.epoch))
}

/// Draws the user's epoch again where `ahead` is ahead of its row in its present epoch.
pub(crate) async fn redraw(
    tx: &mut Tx<'_>,
    user: UserRef,
    ahead: Cursor,
) -> Result<(), StoreError> {
    let Some(row) = find(tx, &user).await? else { return Ok(()) };
    if ahead.is_ahead_of(&row.cursor(&tx.epoch)) {
        let still = users::table.find((&row.tenant, &row.id)).filter(users::epoch.eq(&row.epoch));
        diesel::update(still)
            .set(users::epoch.eq(Epoch::draw().as_str()))
            .prepared()
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

/// The tenant's users who name `address`, verified or not, those idle longest first.
///
/// Asked by the address alone: SQLite would take two conditions as a reason to walk the primary key,
/// whose first column is the tenant, and so through all of the tenant's users.
pub(crate) async fn naming(
    tx: &mut Tx<'_>,
    tenant: &str,
    address: &str,
) -> Result<Vec<UserRow>, StoreError> {
    let mut rows: Vec<UserRow> = users::table
        .filter(users::address.eq(address))
        .select(UserRow::as_select())
        .order((users::active_at, users::id))
        .load(tx.conn)
        .await?;
    rows.retain(|row| row.tenant == tenant);
    Ok(rows)
}

/// The id, for whoever has a row's text only.
pub(crate) fn id(text: &str) -> Option<UserId> {
    text.parse().ok()
}
