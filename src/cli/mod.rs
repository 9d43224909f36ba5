//! The command line: which command, with which settings, and how it ends.

mod api;
mod audit;
mod backup;
mod check_config;
mod error;
mod keys;
mod mails;
mod migrate;
mod publish;
mod restored;
mod serve;
mod tail;
mod tenants;
mod token;
mod webhooks;

pub use error::CliError;

use crate::config::{ConfigError, LogFormat, Machine, Settings};
use crate::telemetry::{BadFilter, Format, Logs};
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::time::Duration;

/// How long a finished command waits for tasks that nobody waits for any more.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Verifies e-mail addresses and tells every open tab and device of the user at once.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "afterclick", version, max_term_width = 100)]
#[command(subcommand_help_heading = "Commands")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM, which drains; a second one ends at once.
    Serve,
    /// Bring the database's tables up to date. Serving does so too.
    Migrate,
    /// API keys of applications' backends.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Tenants: applications that share the service, and nothing else.
    #[command(subcommand)]
    Tenants(tenants::Tenants),
    /// Who did what to keys, tenants, users, and webhooks in the last 90 days.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print an access token for a user, who is made if unknown. Give it the settings of the
    /// service, whose database, secret, and public URL the token is of.
    Token(token::Token),
    /// Where the changes of a tenant's users are sent, and what could not be delivered.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Mails that have not left.
    #[command(subcommand)]
    Mails(mails::Mails),
    /// Follow a user's changes, as a service shows them: one a line, and a JSON object a line where
    /// the output is no terminal.
    Tail(tail::Tail),
    /// Publish a change of a user, as a backend does, and print it.
    Publish(publish::Publish),
    /// Copy the SQLite database and its secret into a folder, while the service runs. To restore,
    /// put the files back in place of the old, and run the command restored.
    Backup(backup::Backup),
    /// Check every setting, and print what they come to.
    CheckConfig,
    /// Tell the database that it was restored from a backup, before the next start.
    Restored,
}

impl Cli {
    /// The settings given beside the command.
    pub fn settings(self) -> Settings {
        self.settings
    }

    /// Runs the command to its end.
    ///
    /// Standard output holds what was asked for and nothing else; logs go to standard error.
    ///
    /// # Errors
    ///
    /// Why it could not; [`CliError::exit_code`] tells a wrong setting from a failure.
    pub fn run(self) -> Result<(), CliError> {
        let command = match self.command.unwrap_or(Command::Serve) {
            // These two speak to a service, and need none of its settings.
            Command::Tail(tail) => return client(tail::run(tail)),
            Command::Publish(publish) => return client(publish::run(publish)),
            command => command,
        };
        let config = self.settings.check(Machine::this())?;
        let _logs = start_logs(config.log_format)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.workers)
            .enable_all()
            .build()
            .map_err(CliError::failed)?;
        let done = runtime.block_on(async {
            match command {
                Command::Tail(tail) => tail::run(tail).await,
                Command::Publish(publish) => publish::run(publish).await,
                Command::Serve => serve::run(config).await,
                Command::Migrate => migrate::run(&config).await,
                Command::Keys(keys) => keys::run(&config, keys).await,
                Command::Tenants(tenants) => Box::pin(tenants::run(&config, tenants)).await,
                Command::Audit(audit) => audit::run(&config, audit).await,
                Command::Token(token) => token::run(&config, token).await,
                Command::Webhooks(webhooks) => webhooks::run(&config, webhooks).await,
                Command::Mails(mails) => mails::run(&config, mails).await,
                Command::Backup(backup) => backup::run(&config, &backup),
                Command::CheckConfig => check_config::run(&config),
                Command::Restored => restored::run(&config).await,
            }
        });
        // Dropping it would wait for whatever still hashes or reads, for as long as that takes.
        runtime.shutdown_timeout(LAST_TASKS);
        done
    }
}

/// Runs a command that only speaks to a service.
fn client(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CliError::failed)?.block_on(command)
}

fn start_logs(format: LogFormat) -> Result<Logs, CliError> {
    let format = match format {
        LogFormat::Pretty => Format::Pretty,
        LogFormat::Json => Format::Json,
    };
    Logs::start(format).map_err(|error| match error {
        BadFilter::Unreadable(_) => ConfigError::of_variable("RUST_LOG", error.to_string()).into(),
        BadFilter::Start(_) => CliError::failed(error),
    })
}

/// Writes one line to standard output; unlike `println!` it fails where that is closed.
fn print(line: impl std::fmt::Display) -> Result<(), CliError> {
    writeln!(io::stdout().lock(), "{line}").map_err(CliError::failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_has_a_variable_and_hides_its_value() {
        for argument in Cli::command().get_arguments().filter(|one| one.get_long() != Some("help"))
        {
            let name = argument.get_long().unwrap_or_default();
            if name == "version" {
                continue;
            }
            assert!(argument.get_env().is_some() && argument.is_hide_env_values_set(), "--{name}");
            assert!(argument.get_help().is_some(), "--{name}");
        }
    }

    #[test]
    fn a_setting_may_stand_before_and_after_the_command() {
        for line in [
            "afterclick --history 7/1d serve",
            "afterclick serve --history 7/1d",
            "afterclick --history 7/1d",
            "afterclick keys list --history 7/1d",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.settings.history.changes, 7, "{line}");
        }
    }
}
