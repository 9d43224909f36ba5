use super::{CliError, print};
use crate::app::Parts;
use crate::config::Config;
use crate::model::TenantName;
use clap::Subcommand;

/// What can be done to API keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a key and print it. It is not shown again: only its digest is kept.
    Create {
        /// What to know it by.
        #[arg(long)]
        name: String,
        /// Whose users it reaches; made if it is not there.
        #[arg(long, default_value = "default")]
        tenant: TenantName,
    },
    /// Print a line a key: id, tenant, name, when it was made, and when revoked or a hyphen, with
    /// tabs between.
    List,
    /// End a key; the next call with it is refused.
    Revoke {
        /// The key's id, which is also the part of the key between `ack_` and the secret.
        id: String,
    },
}

/// Makes, lists, or ends keys.
pub(super) async fn run(config: &Config, command: Keys) -> Result<(), CliError> {
    let publishing = Parts::open(config).await?.publishing;
    match command {
        Keys::Create { name, tenant } => {
            let key = publishing.create_key(&name, tenant).await.map_err(CliError::failed)?;
            print(key.reveal())
        }
        Keys::List => {
            for key in publishing.keys().await.map_err(CliError::failed)? {
                let revoked = key.revoked_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
                print(format_args!(
                    "{}	{}	{}	{}	{revoked}",
                    key.id, key.tenant, key.name, key.created_at
                ))?;
            }
            Ok(())
        }
        Keys::Revoke { id } => {
            if publishing.revoke_key(&id).await.map_err(CliError::failed)? {
                return Ok(());
            }
            Err(CliError::Unknown(
                "there is no key of that id: see afterclick keys list".to_owned(),
            ))
        }
    }
}
