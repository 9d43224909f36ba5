use super::{CliError, print};
use crate::app::Parts;
use crate::config::{Config, Span};
use crate::model::TenantName;
use clap::Subcommand;

/// How many acts are read at once.
const PAGE: i64 = 1_000;

/// What can be asked of the record of acts.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Print a line an act, oldest first: when, the tenant, who, what, on which key or user, and in
    /// which request, with tabs between, and a hyphen for none.
    List {
        /// Of this tenant only.
        #[arg(long)]
        tenant: Option<TenantName>,
        /// Of so long ago or later.
        #[arg(long, default_value = "90d", value_name = "SPAN")]
        since: Span,
    },
}

/// Prints the record.
pub(super) async fn run(config: &Config, command: Audit) -> Result<(), CliError> {
    let Audit::List { tenant, since } = command;
    let parts = Parts::open(config).await?;
    let (mut since, mut after) = (parts.clock.now().before(since.get()), None);
    loop {
        let acts = parts.publishing.acts(tenant.clone(), since, after, PAGE);
        let acts = acts.await.map_err(CliError::failed)?;
        for act in &acts {
            print(format_args!(
                "{}\t{}\t{}\t{}\t{}\t{}",
                act.at,
                act.tenant,
                act.actor,
                act.deed,
                act.subject.as_deref().unwrap_or("-"),
                act.request.as_deref().unwrap_or("-"),
            ))?;
        }
        let Some(last) = acts.last() else { return Ok(()) };
        (since, after) = (last.at, Some(last.id));
    }
}
