use crate::clock::random_between;
use crate::feed::{End, Refused, wire};
use crate::model::EndingCode;
use bytes::Bytes;
use serde::Serialize;
use std::time::Duration;

/// How long a reader waits before it comes back, in milliseconds; drawn, so that those who were cut
/// together do not come back together.
const RETRY_MS: (u64, u64) = (1_000, 4_000);

/// What a native `EventSource` is told where it should not come back: it does whatever we say, and
/// the longest pause is the best that can be had.
const NEVER_MS: u64 = 600_000;

/// Why a stream ends; the `code` of the contract's `goodbye`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goodbye {
    /// The node is about to stop.
    Draining,
    /// The stream is as old as a stream gets.
    MaxAge,
    /// The token it was opened with has expired, or the key that signed it counts no more.
    TokenExpired,
    /// The node is full.
    Overloaded,
    /// The database could not be read.
    Unavailable,
    /// The session or all of the user's ended.
    SessionRevoked,
    /// There is no such user any more.
    UserDeleted,
    /// The user has opened too many, and this was the oldest.
    TooManyStreams,
    /// A backend closed it.
    Disconnected,
}

#[derive(Serialize)]
struct Data {
    code: &'static str,
    reconnect: bool,
    retry_ms: u64,
}

impl Goodbye {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::MaxAge => "max_age",
            Self::TokenExpired => "token_expired",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::SessionRevoked => "session_revoked",
            Self::UserDeleted => "user_deleted",
            Self::TooManyStreams => "too_many_streams",
            Self::Disconnected => "disconnected",
        }
    }

    /// Whether the reader should come back.
    pub fn reconnects(self) -> bool {
        match self {
            Self::Draining
            | Self::MaxAge
            | Self::TokenExpired
            | Self::Overloaded
            | Self::Unavailable => true,
            Self::SessionRevoked
            | Self::UserDeleted
            | Self::TooManyStreams
            | Self::Disconnected => false,
        }
    }

    /// The last event of a stream.
    pub(super) fn event(self) -> Bytes {
        metrics::counter!("afterclick_goodbyes_total", "code" => self.code()).increment(1);
        let retry_ms = if self.reconnects() { retry_ms() } else { NEVER_MS };
        let data = Data { code: self.code(), reconnect: self.reconnects(), retry_ms };
        let retry = Some(Duration::from_millis(retry_ms));
        // Numbers and names of ours only: that this fails is not to be seen.
        wire::event(None, "goodbye", retry, &data).unwrap_or_default()
    }
}

impl From<End> for Goodbye {
    fn from(end: End) -> Self {
        match end {
            End::TooManyStreams => Self::TooManyStreams,
            // Its holder gets another token, by another key.
            End::KeyGone => Self::TokenExpired,
            End::Of(code) => code.into(),
        }
    }
}

impl From<EndingCode> for Goodbye {
    fn from(code: EndingCode) -> Self {
        match code {
            EndingCode::SessionRevoked => Self::SessionRevoked,
            EndingCode::UserDeleted => Self::UserDeleted,
            EndingCode::Disconnected => Self::Disconnected,
        }
    }
}

impl From<Refused> for Goodbye {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Draining => Self::Draining,
            Refused::Overloaded => Self::Overloaded,
            Refused::Ended(code) => code.into(),
        }
    }
}

pub(super) fn retry_ms() -> u64 {
    random_between(RETRY_MS.0, RETRY_MS.1)
}
