use super::resolver::Guarded;
use super::{Answer, Reach, target};
use crate::model::Micros;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::error::Error;
use std::time::Duration;

/// How long a receiver may take, from the look-up of its name to the end of its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read, so that its connection can be used again. Nothing is made of it.
const READ: usize = 16 * 1024;

/// How long a connection is kept for the next message: less than Node's servers keep theirs (5 s),
/// which would else hang up on a message now and then.
const KEPT: Duration = Duration::from_secs(4);

/// What this program calls itself.
const NAME: &str = concat!("afterclick/", env!("CARGO_PKG_VERSION"));

/// Dates as HTTP writes them, which are those of mails (RFC 9110 §5.6.7).
const DATES: DateTimeParser = DateTimeParser::new();

/// A message as it leaves: its body, and what Standard Webhooks puts beside it.
#[derive(Debug)]
pub struct Signed {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub at: Micros,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// Carries messages over HTTP, and only to where [`Reach`] permits.
#[derive(Debug, Clone)]
pub struct Sender {
    reach: Reach,
    /// By https, and without TLS; or why there is neither.
    clients: Result<(Client, Client), String>,
}

impl Sender {
    /// A sender that trusts whose certificates the machine trusts.
    ///
    /// A machine without any is told of with every message that cannot be sent: it is no reason
    /// not to serve those who have no webhook.
    pub fn new(reach: Reach) -> Self {
        let client = |plain| {
            let resolver = Guarded { reach: reach.clone(), plain };
            let client = Client::builder().dns_resolver(resolver).redirect(Policy::none());
            // A proxy of the environment would do its own look-ups, past ours.
            let client = client.no_proxy().https_only(!plain).user_agent(NAME);
            client.timeout(PATIENCE).pool_idle_timeout(KEPT).build()
        };
        let clients = client(false).and_then(|tls| Ok((tls, client(true)?)));
        Self { reach, clients: clients.map_err(|error| causes(&error)) }
    }

    /// Sends a message to `url`, and says how it was taken; takes 10 s at most.
    pub async fn send(&self, url: &str, message: Signed) -> Answer {
        let url = match target(url, &self.reach) {
            Ok(url) => url,
            Err(error) => return Answer::Away { cause: error.to_string(), wait: None },
        };
        let client = match &self.clients {
            Ok((tls, _)) if url.scheme() == "https" => tls,
            Ok((_, plain)) => plain,
            Err(cause) => return Answer::Away { cause: cause.clone(), wait: None },
        };
        let now = message.at;
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", now.seconds())
            .header("webhook-signature", message.signature)
            .body(message.body);
        match request.send().await {
            Ok(response) => {
                let wait = retry_after(response.headers(), now);
                let answer = Answer::of(response.status().as_u16(), wait);
                read(response).await;
                answer
            }
            Err(error) => Answer::Away { cause: causes(&error.without_url()), wait: None },
        }
    }
}

/// Reads a short answer to its end. One that goes on is cut off with its connection.
async fn read(mut response: Response) {
    let mut left = READ;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Micros) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DATES.parse_timestamp(text).ok()?;
    Some(Micros(date.as_microsecond()).since(now))
}

/// What went wrong, and what lies behind it, in one line.
fn causes(error: &reqwest::Error) -> String {
    let mut line = if error.is_timeout() {
        format!("it did not answer within {} s", PATIENCE.as_secs())
    } else {
        error.to_string()
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Some errors show their cause themselves.
        let said = inner.to_string();
        if !line.contains(&said) {
            line = format!("{line}: {said}");
        }
        cause = inner.source();
    }
    line.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_how_long_to_wait_in_seconds_or_by_a_date() {
        let now = Micros(1_767_225_600_000_000);
        let wait = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };

        assert_eq!(wait("120"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Thu, 01 Jan 2026 00:01:00 GMT"), Some(Duration::from_mins(1)));
        assert_eq!(wait("Wed, 31 Dec 2025 00:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }
}
