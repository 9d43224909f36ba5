use super::{CliError, print};
use crate::app::Parts;
use crate::config::{Config, Span};
use crate::model::{By, MessageId, TenantName, WebhookId};
use clap::Subcommand;
use std::time::Duration;

/// The most messages that are listed.
const LISTED: i64 = 1_000;

/// The longest two secrets count at once.
const MAX_OVERLAP: Duration = Duration::from_hours(7 * 24);

/// What can be done to webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// Have a tenant's changes sent to a URL from now on. Prints the webhook's id and its secret,
    /// with a tab between.
    Create {
        /// Whose changes.
        #[arg(long, default_value = "default")]
        tenant: TenantName,
        /// Where they go, by POST.
        #[arg(long)]
        url: String,
        /// Which changes, such as email.verified,kyc.updated. [default: all]
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
    },
    /// Print a line a webhook, oldest first: id, tenant, URL, types, how many messages wait and how
    /// many were given up, and how it is, with tabs between.
    List {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<TenantName>,
    },
    /// Send nothing more to a webhook. What waits for it waits on, for three days; what happens
    /// meanwhile is not kept for it.
    Disable {
        /// The webhook's id.
        id: WebhookId,
    },
    /// Send to a webhook again, within seconds, whether it was disabled or did not answer.
    Enable {
        /// The webhook's id.
        id: WebhookId,
    },
    /// Remove a webhook, and what it was still to be sent.
    Delete {
        /// The webhook's id.
        id: WebhookId,
    },
    /// Print a webhook's secret.
    Secret {
        /// The webhook's id.
        id: WebhookId,
        /// Make another first. Messages are signed with both for a while.
        #[arg(long)]
        rotate: bool,
        /// For how long with both; 0s where the old one is known to others. 7d at most.
        #[arg(long, default_value = "24h", value_name = "SPAN", requires = "rotate")]
        overlap: Span,
    },
    /// Print a line a message that was given up, oldest first: id, webhook, user, type, when it was
    /// queued, how often it was tried, and why it failed, with tabs between.
    Dead {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<TenantName>,
    },
    /// Send messages that were given up, each before what came after it.
    Replay {
        /// The message's id, as the list of the dead has it.
        #[arg(required_unless_present = "since", conflicts_with = "since")]
        id: Option<MessageId>,
        /// All that were queued within this span, such as 24h.
        #[arg(long, value_name = "SPAN")]
        since: Option<Span>,
    },
}

/// Makes, lists, changes, or has sent again.
pub(super) async fn run(config: &Config, command: Webhooks) -> Result<(), CliError> {
    let parts = Parts::open(config).await?;
    let (publishing, by) = (&parts.publishing, By::command_line());
    match command {
        Webhooks::Create { tenant, url, types } => {
            let made = publishing.create_webhook(tenant, &url, types, by).await;
            let made = made.map_err(CliError::failed)?;
            print(format_args!("{}\t{}", made.webhook.id, made.secret.reveal()))
        }
        Webhooks::List { tenant } => list(&parts, tenant).await,
        Webhooks::Disable { id } => {
            there(publishing.disable_webhook(id, by).await.map_err(CliError::failed)?)
        }
        Webhooks::Enable { id } => {
            there(publishing.enable_webhook(id, by).await.map_err(CliError::failed)?)
        }
        Webhooks::Delete { id } => {
            there(publishing.remove_webhook(id, by).await.map_err(CliError::failed)?)
        }
        Webhooks::Secret { id, rotate, overlap } => {
            let secret = if rotate {
                publishing.rotate_webhook_secret(id, overlap.get().min(MAX_OVERLAP), by).await
            } else {
                publishing.webhook_secret(id).await
            };
            match secret.map_err(CliError::failed)? {
                Some(secret) => print(secret.reveal()),
                None => there(false),
            }
        }
        Webhooks::Dead { tenant } => dead(&parts, tenant).await,
        Webhooks::Replay { id, since } => {
            let since = since.map(Span::get).unwrap_or_default();
            let again =
                publishing.replay_messages(id, since, by).await.map_err(CliError::failed)?;
            if again == 0 && id.is_some() {
                let message = "no message of that id was given up: see afterclick webhooks dead";
                return Err(CliError::Unknown(message.to_owned()));
            }
            print(format_args!("{again} to be sent again"))
        }
    }
}

fn there(there: bool) -> Result<(), CliError> {
    let message = "there is no such webhook, or it is so already: see afterclick webhooks list";
    if there { Ok(()) } else { Err(CliError::Unknown(message.to_owned())) }
}

async fn list(parts: &Parts, tenant: Option<TenantName>) -> Result<(), CliError> {
    for listed in parts.publishing.webhooks(tenant).await.map_err(CliError::failed)? {
        let webhook = listed.webhook;
        let cause = webhook.cause.as_deref().unwrap_or("-");
        let state = match webhook.disabled_at {
            Some(at) => format!("disabled {at}: {cause}"),
            None if webhook.failures > 0 => {
                format!("paused until {}: {cause}", webhook.paused_until)
            }
            None => "enabled".to_owned(),
        };
        let types = webhook.types.join(",");
        let types = if types.is_empty() { "all" } else { &types };
        print(format_args!(
            "{}\t{}\t{}\t{types}\t{} waiting\t{} given up\t{state}",
            webhook.id, webhook.tenant, webhook.url, listed.waiting, listed.given_up
        ))?;
    }
    Ok(())
}

async fn dead(parts: &Parts, tenant: Option<TenantName>) -> Result<(), CliError> {
    for message in parts.publishing.dead_messages(tenant, LISTED).await.map_err(CliError::failed)? {
        print(format_args!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            message.id,
            message.webhook,
            message.user,
            message.kind,
            message.made_at,
            message.attempts,
            message.cause,
        ))?;
    }
    Ok(())
}
