//! Sign up, log in, refresh, log out, passwords, and external issuers: one operation a file.

mod api_key;
mod ask_reset;
mod authenticate;
mod caller;
mod change_password;
mod client;
mod history;
pub mod issuers;
mod leave;
mod limits;
mod log_in;
mod log_out;
mod newcomers;
pub mod passwords;
mod recent;
mod refresh;
mod refresh_token;
mod reset_password;
mod sessions;
mod sign_up;
mod tickets;
pub mod tokens;

pub use ask_reset::AskResetError;
pub use authenticate::AuthenticateError;
pub use caller::{Backend, Caller, Credential, Presented};
pub use change_password::ChangePasswordError;
pub use client::Client;
pub use history::HistoryError;
pub use leave::LeaveError;
pub use log_in::LogInError;
pub use log_out::LogOutError;
pub use newcomers::Newcomer;
pub use recent::Recent;
pub use refresh::{RefreshError, Renewal};
pub use reset_password::ResetPasswordError;
pub use sessions::Device;
pub use sign_up::SignUpError;
pub use tickets::StreamTicket;

use crate::clock::Clock;
use crate::feed::Feed;
use crate::model::{
    Act, By, Deed, Digest, Micros, OpaqueToken, ServerSecret, SessionId, TenantName, User, UserRef,
};
use crate::store::{ApiKey, Session, Store};
use passwords::Passwords;
use std::sync::Arc;
use std::time::Duration;
use tokens::Tokens;

/// How long an access token is good.
pub const ACCESS_TTL: Duration = Duration::from_mins(15);

/// How long a session lives after it was last used.
pub const SESSION_TTL: Duration = Duration::from_hours(30 * 24);

/// How long a link in a mail is good.
pub const LINK_TTL: Duration = Duration::from_hours(24);

/// How long a link to a new password is good: it opens an account, so no longer than a mail takes.
pub const RESET_TTL: Duration = Duration::from_hours(1);

/// So often, in such a span; `None` where it is switched off.
pub type Limit = Option<(u32, Duration)>;

/// What an operator may set about accounts.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Log-ins per address and per client.
    pub log_in: Limit,
    /// Sign-ups per client.
    pub sign_up: Limit,
    /// Requests for a new password per client.
    pub password_reset: Limit,
}

/// The accounts: who may be whom.
pub struct Accounts {
    store: Store,
    feed: Arc<Feed>,
    tokens: Arc<Tokens>,
    passwords: Passwords,
    secret: ServerSecret,
    clock: Arc<dyn Clock>,
    rules: Rules,
    /// Sessions by the digest of their cookie: a browser's calls come in bursts.
    cookies: Recent<Digest, Option<Session>>,
    /// API keys by id.
    keys: Recent<String, Option<ApiKey>>,
    /// Users of external issuers who are known to be there.
    met: Recent<UserRef, Micros>,
}

/// What a log-in or a refresh gives.
#[derive(Debug)]
pub struct Granted {
    /// The access token, good for [`ACCESS_TTL`].
    pub access_token: tokens::AccessToken,
    /// The refresh token, good once.
    pub refresh_token: OpaqueToken,
    /// The session.
    pub session: SessionId,
    /// The user.
    pub user: User,
}

impl Accounts {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        feed: Arc<Feed>,
        tokens: Arc<Tokens>,
        passwords: Passwords,
        secret: ServerSecret,
        clock: Arc<dyn Clock>,
        rules: Rules,
    ) -> Self {
        let (cookies, keys, met) = (Recent::default(), Recent::default(), Recent::default());
        Self { store, feed, tokens, passwords, secret, clock, rules, cookies, keys, met }
    }

    /// An access token for a user of the command line's choice, who is made if need be. It is written
    /// down: whoever bears it is that user.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::store::StoreError) where the user could not be looked up.
    pub async fn issue_token(
        &self,
        user: UserRef,
        ttl: Duration,
    ) -> Result<tokens::AccessToken, crate::store::StoreError> {
        let now = self.clock.now();
        self.meet(self.newcomer(user.clone(), None, false, now, now)).await?;
        let UserRef { tenant, id } = &user;
        let act = Act::on_user(By::command_line(), Deed::TokenIssued, tenant, id, now);
        self.store.record(act).await?;
        Ok(self.tokens.issue(&user, None, ttl, now))
    }

    /// The `iss` of each external issuer whose subjects are users of `tenant`.
    pub fn issuers(&self, tenant: &TenantName) -> Vec<String> {
        self.tokens.issuers(tenant)
    }

    /// Our public keys, as a JSON Web Key Set.
    pub fn key_set(&self) -> serde_json::Value {
        self.tokens.key_set()
    }

    /// The present instant, for answers that tell it.
    pub fn now(&self) -> Micros {
        self.clock.now()
    }
}
