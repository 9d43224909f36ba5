mod follow;
mod poll;
mod show;
mod stream;
#[cfg(test)]
mod tests;

use super::CliError;
use super::api::{Api, At, Given};
use crate::config::{ConfigError, Span};
use crate::model::Cursor;
use clap::Args;
use follow::{Follower, Patience};
use secrecy::SecretString;
use show::{Awaited, Show, Style};
use std::io::{IsTerminal, stdout};

/// A user's stream in the terminal.
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// The user's access token, @FILE (read again at each connection), or - for standard input.
    /// Better by its variable: others see command lines.
    #[arg(long, value_name = "TOKEN", env = "AFTERCLICK_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
    /// Begin with what came after this cursor. [default: with the present state]
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// End after the first change.
    #[arg(long, conflicts_with = "until")]
    once: bool,
    /// End after the first change of this type, such as email.verified.
    #[arg(long, value_name = "TYPE")]
    until: Option<String>,
    /// End, with exit code 1, where that has not come by then. [default: never]
    #[arg(long, value_name = "SPAN")]
    timeout: Option<Span>,
    /// Without colours. Any text in the variable counts.
    #[arg(long, env = "NO_COLOR", num_args = 0..=1, default_missing_value = "1")]
    #[arg(hide_env_values = true, value_name = "ANY", require_equals = true)]
    no_color: Option<String>,
    #[command(flatten)]
    at: At,
}

/// Why the following ended before anybody wanted it to.
#[derive(Debug, thiserror::Error)]
pub(super) enum TailError {
    /// Another token is needed.
    #[error("the token is refused: {0}")]
    Refused(String),
    /// The service will not go on.
    #[error("the service ended it: {0}")]
    Ended(String),
    /// What was waited for has not come.
    #[error("it has not come within {0}")]
    Late(Span),
    /// The output cannot be written.
    #[error("cannot write")]
    Output(#[source] std::io::Error),
    /// The token's file cannot be read.
    #[error(transparent)]
    Token(CliError),
}

/// Follows until what was awaited has come, nobody reads any more, or a SIGINT.
pub(super) async fn run(command: Tail) -> Result<(), CliError> {
    let missing = "needed, better by its variable AFTERCLICK_TOKEN: afterclick token prints one";
    let token = command.token.ok_or_else(|| ConfigError::new("token", missing))?;
    let terminal = stdout().is_terminal();
    let style = match command.no_color.as_deref().unwrap_or_default() {
        _ if !terminal => Style::Lines,
        "" => Style::Colours,
        _ => Style::Plain,
    };
    let awaited = match command.until {
        Some(kind) => Awaited::Type(kind),
        None if command.once => Awaited::Any,
        None => Awaited::Nothing,
    };
    let show = Show::new(stdout(), style, awaited);
    let follower = Follower::new(
        Api::at(&command.at)?,
        Given::take(token)?,
        show,
        command.after,
        Patience::default(),
    );
    let late = async {
        match command.timeout {
            Some(span) => {
                tokio::time::sleep(span.get()).await;
                TailError::Late(span)
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        done = follower.run() => done.map_err(CliError::failed),
        late = late => Err(CliError::failed(late)),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(CliError::failed),
    }
}
