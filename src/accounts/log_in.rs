use super::passwords::{Busy, Password, PasswordHash, salt_for_unknown};
use super::refresh_token::RefreshToken;
use super::{ACCESS_TTL, Accounts, Granted, SESSION_TTL};
use crate::model::{EmailAddress, OpaqueToken, SessionId, TenantName, UserRef};
use crate::store::{Candidate, NewSession, StoreError};
use std::time::Duration;

/// How much of a client's own description is kept.
const USER_AGENT: usize = 256;

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Wrong or unknown: one answer for both.
    #[error("the address or the password is wrong")]
    InvalidCredentials,
    /// This address or this client has tried often enough for now.
    #[error("too many log-ins, try again in a while")]
    TooMany(Duration),
    /// More passwords wait to be hashed than can be.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing was kept.
    #[error("the log-in could not be kept")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Opens a session; beside what it grants, the cookie's token.
    ///
    /// Known or unknown, each try costs one hash: all accounts of an address share its salt, and an
    /// unknown address has a made-up one.
    ///
    /// # Errors
    ///
    /// [`LogInError`]; no session is opened then.
    pub async fn log_in(
        &self,
        email: &str,
        password: &str,
        client: &str,
        user_agent: &str,
    ) -> Result<(Granted, OpaqueToken), LogInError> {
        let now = self.clock.now();
        let email = EmailAddress::parse(email).ok();
        let name = email.as_ref().map_or(String::new(), |email| email.key().to_owned());
        let by_client = Self::per_client("log-in/client", client, self.rules.log_in);
        let by_address = email.as_ref().and_then(|email| self.guesses(email));
        let limits = by_client.into_iter().chain(by_address).collect();
        if let Some(wait) = self.take("log_in", limits).await? {
            return Err(LogInError::TooMany(wait));
        }
        let tenant = TenantName::built_in();
        let salt = self.store.salt(tenant.clone(), name.clone()).await?;
        let salt =
            salt.or_else(|| email.as_ref().map(|email| salt_for_unknown(&self.secret, email)));
        let password = Password::presented(password);
        let hash = self.passwords.hash(&password, &salt.unwrap_or([7; 16])).await?;
        let candidates = self.store.candidates(tenant.to_string(), name).await?;
        let Some(account) = self.meant(candidates, &password, &hash).await? else {
            metrics::counter!("afterclick_log_ins_total", "outcome" => "refused").increment(1);
            return Err(LogInError::InvalidCredentials);
        };

        let user = UserRef { tenant, id: account.user.clone() };
        let (id, cookie) = (SessionId::draw(), OpaqueToken::draw());
        let new = NewSession {
            user: user.clone(),
            id,
            cookie: cookie.digest(),
            password: account.password,
            user_agent: user_agent.chars().take(USER_AGENT).collect(),
            now,
            expires_at: now.after(SESSION_TTL),
        };
        let document = self.store.open_session(new).await?.ok_or(LogInError::InvalidCredentials)?;
        metrics::counter!("afterclick_log_ins_total", "outcome" => "granted").increment(1);
        tracing::info!(user.id = %user.id, session.id = %id, "user logged in");
        let granted = Granted {
            access_token: self.tokens.issue(&user, Some(id), ACCESS_TTL, now),
            refresh_token: RefreshToken { session: id, generation: 1 }.seal(&self.secret),
            session: id,
            user: document,
        };
        Ok((granted, cookie))
    }

    /// The account that the password opens; one that owns the address before any that only names
    /// it. `hash` is the password's with the address's salt: few accounts have another of their own.
    async fn meant(
        &self,
        candidates: Vec<Candidate>,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<Option<Candidate>, Busy> {
        let mut open = Vec::new();
        for candidate in candidates {
            let own = match &candidate.salt {
                Some(salt) => Some(self.passwords.hash(password, salt).await?),
                None => None,
            };
            let kept = PasswordHash::stored(&candidate.password);
            if kept.is_some_and(|kept| kept.matches(own.as_ref().unwrap_or(hash))) {
                open.push(candidate);
            }
        }
        Ok(open.into_iter().max_by_key(|candidate| candidate.verified))
    }
}
