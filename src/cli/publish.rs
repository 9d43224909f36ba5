use super::api::{Api, At, Given, Refused, causes};
use super::{CliError, print};
use crate::config::ConfigError;
use crate::model::UserId;
use clap::Args;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::io::{IsTerminal, stdout};
use std::time::Duration;

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A change of a user, as a backend publishes it.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The user's id.
    #[arg(long, value_name = "ID")]
    user: UserId,
    /// What happened: kyc.updated, user.updated, transaction.updated, or a name of your own.
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// What to say of it, a JSON object: as it is, @FILE, or - for standard input.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    data: String,
    /// The API key, or @FILE. Better by its variable: others see command lines.
    #[arg(long, value_name = "KEY", env = "AFTERCLICK_KEY", hide_env_values = true)]
    key: Option<SecretString>,
    /// Publish once, however often this is run with the same key.
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    at: At,
}

/// Publishes, and prints the change: a line of JSON, and on a terminal for people.
pub(super) async fn run(command: Publish) -> Result<(), CliError> {
    let api = Api::at(&command.at)?;
    let missing = "needed, better by its variable AFTERCLICK_KEY: afterclick keys create makes one";
    let key = command.key.ok_or_else(|| ConfigError::new("key", missing))?;
    let (key, data) = (Given::take(key)?.read()?, Given::take(command.data.into())?.read()?);
    let data: Map<String, Value> = serde_json::from_str(data.expose_secret()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("write a JSON object: see line {line}, column {column}");
        ConfigError::new("data", message)
    })?;
    let body = serde_json::json!({ "type": command.kind, "data": data });
    let mut request = api
        .call(Method::POST, &["users", command.user.as_str(), "events"], &key)
        .header("content-type", "application/json")
        .timeout(PATIENCE)
        .body(body.to_string());
    if let Some(once) = &command.idempotency_key {
        request = request.header("idempotency-key", once);
    }
    let unanswered = |error| CliError::failed(format!("no answer: {}", causes(error)));
    let response = request.send().await.map_err(unanswered)?;
    if !response.status().is_success() {
        return Err(CliError::failed(Refused::read(response).await));
    }
    let change = response.text().await.map_err(unanswered)?;
    match serde_json::from_str::<Value>(&change) {
        Ok(change) if stdout().is_terminal() => print(format_args!("{change:#}")),
        Ok(change) => print(change),
        Err(error) => Err(CliError::failed(error)),
    }
}
