use super::{CliError, print};
use crate::app::Parts;
use crate::config::{Config, tenant_setting};
use crate::model::{By, TenantName, TenantSetting};
use clap::Subcommand;

/// What can be done to tenants. Each has its own users, API keys, and issuers, and what of these
/// settings is another for it: product (what it is called in mails and on pages), accent (its colour
/// there, #rrggbb), mail-from, contact, continue-url, client-url (with commas), history,
/// streams-per-user, and polls-per-user. Nothing after the = goes back to the service's own.
#[derive(Debug, Subcommand)]
pub(super) enum Tenants {
    /// Make a tenant.
    Create {
        /// 1 to 32 characters of a-z, 0-9, and -.
        name: TenantName,
        /// Such as product="Acme Pay" and accent=#0b5fff.
        #[arg(value_name = "SETTING=VALUE")]
        settings: Vec<String>,
    },
    /// Print a line a tenant: its name, when it was made, how many API keys are in use, its issuers,
    /// and its settings, with tabs between, and a hyphen for none.
    List,
    /// Change settings of a tenant. A running service takes them within seconds.
    Set {
        /// Which.
        name: TenantName,
        /// Such as product="Acme Pay" and accent=#0b5fff.
        #[arg(value_name = "SETTING=VALUE", required = true)]
        settings: Vec<String>,
    },
}

/// Makes, lists, or changes tenants.
pub(super) async fn run(config: &Config, command: Tenants) -> Result<(), CliError> {
    match command {
        Tenants::Create { name, settings } => {
            let settings = checked(config, &settings)?;
            let publishing = Parts::open(config).await?.publishing;
            let made = publishing.create_tenant(name, settings, By::command_line()).await;
            if made.map_err(CliError::failed)? {
                return Ok(());
            }
            Err(CliError::Unknown("there is a tenant of that name".to_owned()))
        }
        Tenants::List => list(&Parts::open(config).await?).await,
        Tenants::Set { name, settings } => {
            let settings = checked(config, &settings)?;
            let publishing = Parts::open(config).await?.publishing;
            let set = publishing.set_tenant(name, settings, By::command_line()).await;
            if set.map_err(CliError::failed)? {
                return Ok(());
            }
            Err(CliError::Unknown(
                "there is no tenant of that name: see afterclick tenants list".to_owned(),
            ))
        }
    }
}

fn checked(config: &Config, settings: &[String]) -> Result<Vec<TenantSetting>, CliError> {
    let checked = settings.iter().map(|text| tenant_setting(text, config.insecure_dev));
    Ok(checked.collect::<Result<_, _>>()?)
}

async fn list(parts: &Parts) -> Result<(), CliError> {
    let keys = parts.publishing.keys().await.map_err(CliError::failed)?;
    for tenant in parts.publishing.tenants().await.map_err(CliError::failed)? {
        let own = keys.iter().filter(|key| key.tenant == tenant.name && key.revoked_at.is_none());
        let issuers = parts.accounts.issuers(&tenant.name);
        let issuers = if issuers.is_empty() { "-".to_owned() } else { issuers.join(" ") };
        let settings = tenant.settings.to_text();
        let settings = if settings == "{}" { "-" } else { &settings };
        let (name, made_at) = (&tenant.name, tenant.created_at);
        print(format_args!("{name}\t{made_at}\t{}\t{issuers}\t{settings}", own.count()))?;
    }
    Ok(())
}
