use super::CliError;
use crate::config::ConfigError;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::io::Read;
use std::time::Duration;
use url::Url;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// The largest answer that says what is wrong, in bytes.
const MAX_PROBLEM: usize = 64 * 1024;

/// A running service, as its HTTP API shows it.
#[derive(Debug, Clone)]
pub(super) struct Api {
    client: Client,
    base: Url,
}

/// Which service.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct At {
    /// Where the service is.
    #[arg(long, value_name = "URL", env = "AFTERCLICK_URL", hide_env_values = true)]
    #[arg(default_value = "http://127.0.0.1:8080")]
    pub(super) url: String,
}

impl Api {
    /// Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// Where the URL is none.
    pub(super) fn at(at: &At) -> Result<Self, CliError> {
        let base = Url::parse(&at.url).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        let base = base.ok_or_else(|| {
            ConfigError::new("url", "write where the service is: https://verify.example.com")
        })?;
        // A redirect would carry the credential to somebody else.
        let client = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT);
        Ok(Self { client: client.build().map_err(CliError::failed)?, base })
    }

    /// A call with a credential.
    pub(super) fn call(
        &self,
        method: Method,
        path: &[&str],
        credential: &SecretString,
    ) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        self.client.request(method, url).bearer_auth(credential.expose_secret())
    }
}

/// What the service said instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the service answered {status}{code}: {detail}", status = status.as_u16())]
pub(super) struct Refused {
    /// The status.
    pub(super) status: StatusCode,
    /// A space and the problem's code, where it is a problem.
    code: String,
    /// The problem's sentence, or what can be said without one.
    detail: String,
}

impl Refused {
    /// Reads an answer that is no success (RFC 9457).
    pub(super) async fn read(mut response: Response) -> Self {
        #[derive(Deserialize)]
        struct Problem {
            code: String,
            detail: String,
        }
        let status = response.status();
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_PROBLEM {
                break;
            }
        }
        let (code, detail) = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => (format!(" {}", problem.code), problem.detail),
            Err(_) => (String::new(), "it does not say why, so perhaps it is another".to_owned()),
        };
        let printable = |text: String| text.chars().filter(|one| !one.is_control()).collect();
        Self { status, code: printable(code), detail: printable(detail) }
    }
}

/// A text given on the command line: as it is, `@FILE`, or `-` for standard input.
///
/// Of a secret the last two are better: other users of the machine can read command lines.
#[derive(Debug, Clone)]
pub(super) enum Given {
    /// This.
    Text(SecretString),
    /// What this file holds whenever it is asked.
    File(String),
}

impl Given {
    /// Reads standard input to its end where it is meant.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn take(text: SecretString) -> Result<Self, CliError> {
        if let Some(path) = text.expose_secret().strip_prefix('@') {
            return Ok(Self::File(path.to_owned()));
        }
        if text.expose_secret() != "-" {
            return Ok(Self::Text(text));
        }
        let mut read = String::new();
        std::io::stdin().read_to_string(&mut read).map_err(CliError::failed)?;
        Ok(Self::Text(read.into()))
    }

    /// The text, without the line break that files end with.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub(super) fn read(&self) -> Result<SecretString, CliError> {
        match self {
            Self::Text(text) => Ok(text.expose_secret().trim_end().into()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim_end().into()),
                Err(error) => Err(CliError::failed(format!("cannot read {path}: {error}"))),
            },
        }
    }
}

/// What went wrong with a request, and what lies behind it, in one line and without the URL.
pub(super) fn causes(error: reqwest::Error) -> String {
    CliError::failed(error.without_url()).line()
}
