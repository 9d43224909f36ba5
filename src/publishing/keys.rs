use super::Publishing;
use crate::clock::random_bytes;
use crate::model::{By, Digest, OpaqueToken, Scopes, TenantName};
use crate::store::{ApiKey, StoreError};
use std::fmt::Write;

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A list of keys is read by people.
    #[error("a key's name is 1 to 64 printable characters")]
    Name,
    /// Nothing was kept.
    #[error("the key could not be kept")]
    Store(#[from] StoreError),
}

impl Publishing {
    /// Makes an API key `ack_<id>_<secret>`, and its tenant where it is not there. Only the digest
    /// of the secret is kept: this is the one time the key is seen.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub async fn create_key(
        &self,
        name: &str,
        tenant: TenantName,
        scopes: Scopes,
        by: By,
    ) -> Result<OpaqueToken, KeyError> {
        let printable = !name.chars().any(char::is_control);
        if name.is_empty() || name.chars().count() > 64 || !printable {
            return Err(KeyError::Name);
        }
        // Hexadecimal: an underscore would end the id, and a hyphen breaks a double click.
        let id = hex(&random_bytes::<8>());
        let secret = hex(&random_bytes::<32>());
        let key = ApiKey {
            id: id.clone(),
            tenant,
            name: name.to_owned(),
            digest: Digest::of(secret.as_bytes()),
            created_at: self.clock.now(),
            revoked_at: None,
            scopes,
            used_at: None,
        };
        self.store.add_key(key, by).await?;
        Ok(OpaqueToken::presented(&format!("ack_{id}_{secret}")))
    }

    /// All keys, oldest first, without their secrets.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be read.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.store.keys().await
    }

    /// Revokes a key, within 5 s on every node; whether it was in use.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be written.
    pub async fn revoke_key(&self, id: &str, by: By) -> Result<bool, StoreError> {
        self.store.revoke_key(id.to_owned(), by, self.clock.now()).await
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
