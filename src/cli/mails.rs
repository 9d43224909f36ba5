use super::{CliError, print};
use crate::app::Parts;
use crate::config::Config;
use crate::model::Micros;
use clap::Subcommand;
use std::time::Duration;

/// The most letters that are listed.
const LISTED: i64 = 1_000;

/// How old a given-up letter may be to be tried again: beyond it, its link has expired.
const RETRIED: Duration = Duration::from_hours(24);

/// What can be done to mails that have not left.
#[derive(Debug, Subcommand)]
pub(super) enum Mails {
    /// Print a line a mail that waits or was given up, oldest first: when it was queued, what it is,
    /// to whom (masked), how often it was tried, what becomes of it, and why, with tabs between.
    List,
    /// Have the mails that were given up in the last day tried once more.
    Retry,
}

/// Lists or retries.
pub(super) async fn run(config: &Config, command: Mails) -> Result<(), CliError> {
    let parts = Parts::open(config).await?;
    match command {
        Mails::List => {
            for letter in parts.store.letters(LISTED).await.map_err(CliError::failed)? {
                let becomes = match letter.given_up_at {
                    Some(at) => format!("given up {at}"),
                    None => format!("due {}", letter.due_at),
                };
                print(format_args!(
                    "{}\t{}\t{}\t{}\t{becomes}\t{}",
                    letter.made_at,
                    letter.kind,
                    letter.to.hint(),
                    letter.attempts,
                    letter.cause.as_deref().unwrap_or("-"),
                ))?;
            }
            Ok(())
        }
        Mails::Retry => {
            let now: Micros = parts.clock.now();
            let again = parts.store.retry_letters(now.before(RETRIED), now).await;
            print(format_args!("{} to be tried again", again.map_err(CliError::failed)?))
        }
    }
}
