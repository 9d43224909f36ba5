use super::{CliError, print};
use crate::app::Parts;
use crate::config::{Config, ConfigError, Span};
use crate::model::{TenantName, UserId, UserRef};
use clap::Args;
use std::time::Duration;

/// The longest a printed token may live: it has no session, so nothing but its age ends it.
const MAX_TTL: Duration = Duration::from_hours(30 * 24);

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub(super) struct Token {
    /// The user's id.
    #[arg(long, value_name = "ID")]
    user: UserId,
    /// The user's tenant.
    #[arg(long, default_value = "default")]
    tenant: TenantName,
    /// How long it is good, 30d at most.
    #[arg(long, default_value = "15m", value_name = "SPAN")]
    ttl: Span,
}

/// Prints an access token.
pub(super) async fn run(config: &Config, command: Token) -> Result<(), CliError> {
    let ttl = command.ttl.get();
    if ttl.is_zero() || ttl > MAX_TTL {
        return Err(ConfigError::new("ttl", "write a span of 1s to 30d").into());
    }
    let user = UserRef { tenant: command.tenant, id: command.user };
    let accounts = Parts::open(config).await?.accounts;
    let token = accounts.issue_token(user, ttl).await.map_err(CliError::failed)?;
    print(token.reveal())
}
