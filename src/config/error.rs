use super::Settings;
use clap::Args;

/// A setting that the service refuses to start with.
///
/// One line: it names the flag and its variable, says what to write instead, and never repeats
/// the value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct ConfigError {
    setting: String,
    message: String,
}

impl ConfigError {
    /// Refuses the setting of the flag `--{flag}`; `message` says why and what to write.
    pub fn new(flag: &str, message: impl Into<String>) -> Self {
        let variable = Settings::augment_args(clap::Command::new("afterclick"))
            .get_arguments()
            .find(|argument| argument.get_long() == Some(flag))
            .and_then(|argument| argument.get_env())
            .map(|variable| format!(" ({})", variable.to_string_lossy()));
        let message: String = message.into();
        Self {
            setting: format!("--{flag}{}", variable.unwrap_or_default()),
            message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// Refuses a variable that has no flag, such as `RUST_LOG`.
    pub fn of_variable(variable: &str, message: impl Into<String>) -> Self {
        Self { setting: variable.to_owned(), message: message.into() }
    }

    /// Why it is refused, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The flag and its variable, as the line begins.
    pub fn setting(&self) -> &str {
        &self.setting
    }
}
