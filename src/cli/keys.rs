use super::{CliError, print};
use crate::app::Parts;
use crate::config::Config;
use crate::model::{By, Micros, Scope, TenantName};
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
        /// What it may do: read (look), publish (make and change), and admin (delete). Repeatable, or
        /// with commas. [default: all three]
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<Scope>,
    },
    /// Print a line a key: id, tenant, name, when it was made, when revoked, its scopes, and when it
    /// was last used, to the minute. With tabs between, and a hyphen for never.
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
        Keys::Create { name, tenant, scopes } => {
            let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
            let scopes = scopes.into_iter().collect();
            let key = publishing
                .create_key(&name, tenant, scopes, By::command_line())
                .await
                .map_err(CliError::failed)?;
            print(key.reveal())
        }
        Keys::List => {
            for key in publishing.keys().await.map_err(CliError::failed)? {
                print(format_args!(
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    key.id,
                    key.tenant,
                    key.name,
                    key.created_at,
                    when(key.revoked_at),
                    key.scopes,
                    when(key.used_at),
                ))?;
            }
            Ok(())
        }
        Keys::Revoke { id } => {
            if publishing.revoke_key(&id, By::command_line()).await.map_err(CliError::failed)? {
                return Ok(());
            }
            Err(CliError::Unknown(
                "there is no key of that id: see afterclick keys list".to_owned(),
            ))
        }
    }
}

fn when(at: Option<Micros>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
