use std::time::Duration;

/// How a receiver took a message, as Standard Webhooks has it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it has the message.
    Taken,
    /// 410: it wants no more of them.
    Gone,
    /// It does not want this message, or not now: any other status, redirects among them, which are
    /// not followed.
    Refused {
        /// Why, for an operator.
        cause: String,
        /// How long it asked us to wait.
        wait: Option<Duration>,
    },
    /// It can take no message now: 429, 502, 503, 504, or nothing that is an answer.
    Away {
        /// Why, for an operator.
        cause: String,
        /// How long it asked us to wait.
        wait: Option<Duration>,
    },
}

impl Answer {
    /// What a status says. `wait` is what stood in `Retry-After`.
    pub(super) fn of(status: u16, wait: Option<Duration>) -> Self {
        let cause = format!("it answered {status}");
        match status {
            200..=299 => Self::Taken,
            410 => Self::Gone,
            429 | 502 | 503 | 504 => Self::Away { cause, wait },
            300..=399 => {
                Self::Refused { cause: format!("{cause}, and redirects are not followed"), wait }
            }
            _ => Self::Refused { cause, wait },
        }
    }
}
