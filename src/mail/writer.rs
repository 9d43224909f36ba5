use super::colours::Colours;
use super::templates::{BadTemplate, Templates};
use super::{Letter, LetterKind, Mail};
use crate::model::{
    Code, EmailAddress, Languages, Micros, ServerSecret, TenantName, TenantSettings,
};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// How long a code counts, from when its letter was queued.
pub const CODE_LIFETIME: Duration = Duration::from_mins(15);

/// The longest subject that is sent, in characters.
const SUBJECT: usize = 150;

/// A letter that should not, or cannot, become a mail.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// Its link has expired in the queue; a mail would only mislead.
    #[error("the link of the letter has expired before it could be sent")]
    Expired,
    /// It should hold a link, and names nothing to derive it from.
    #[error("the letter names no link")]
    NoLink,
    /// The template failed.
    #[error("the letter could not be written out")]
    Template(#[source] BadTemplate),
}

/// What of the service's settings is another for a tenant.
pub type TenantsSettings = Arc<dyn Fn(&TenantName) -> Arc<TenantSettings> + Send + Sync>;

/// Makes mails from letters: derives the link and the code, and fills in the templates.
///
/// The base of every link is the configured public URL. Nothing of a request gets here, so no
/// `Host` header can send a link elsewhere.
#[derive(Clone)]
pub struct Writer {
    secret: ServerSecret,
    base: String,
    site: String,
    contact: Option<String>,
    templates: Templates,
    tenants: TenantsSettings,
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Writer").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a template may fill in.
#[derive(Debug, Serialize)]
struct Words<'a> {
    language: &'a str,
    subject: &'a str,
    to: &'a str,
    /// What the application is called.
    site: &'a str,
    colours: Colours,
    contact: Option<&'a str>,
    made_at: String,
    /// The page on which anybody asks for another password.
    forgotten: String,
    link: Option<&'a str>,
    link_end: Option<String>,
    code: Option<&'a str>,
    code_end: String,
}

impl Writer {
    /// Writes links that begin with `public_url`. `contact` is the address of somebody to ask;
    /// `tenants` say what is another for each.
    pub fn new(
        secret: ServerSecret,
        public_url: &Url,
        contact: Option<String>,
        templates: Templates,
        tenants: TenantsSettings,
    ) -> Self {
        let base = public_url.as_str().trim_end_matches('/').to_owned();
        let site = public_url.authority().to_owned();
        Self { secret, base, site, contact, templates, tenants }
    }

    /// Writes one letter of each kind in each language, for nobody: so that a broken template ends
    /// a start and not a mail.
    ///
    /// # Errors
    ///
    /// [`BadTemplate`], for the first that fails.
    pub fn check(&self) -> Result<(), BadTemplate> {
        let Ok(to) = EmailAddress::parse("somebody@example.com") else { return Ok(()) };
        for language in self.templates.languages() {
            for kind in LetterKind::ALL {
                let letter = Letter {
                    id: Uuid::nil(),
                    kind,
                    tenant: TenantName::built_in(),
                    to: to.clone(),
                    token_id: Some(Uuid::nil()),
                    languages: Languages::presented(Some(language)),
                    made_at: Micros(0),
                    expires_at: None,
                    attempts: 0,
                };
                if let Err(Unwritable::Template(error)) = self.write(&letter, Micros(0)) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The link of a verification: what its mail holds, and what an application's own mail would.
    pub fn link(&self, verification: Uuid) -> String {
        let token = self.secret.link(verification.as_bytes());
        format!("{}/verify/{}", self.base, token.reveal())
    }

    /// The mail of `letter`, as it is right to send at `now`: without the code where that has
    /// expired while the letter waited.
    ///
    /// # Errors
    ///
    /// [`Unwritable`], which no later try changes.
    pub fn write(&self, letter: &Letter, now: Micros) -> Result<Mail, Unwritable> {
        if letter.expires_at.is_some_and(|end| end <= now) {
            return Err(Unwritable::Expired);
        }
        let id = || letter.token_id.ok_or(Unwritable::NoLink);
        let code_end = letter.made_at.after(CODE_LIFETIME);
        let (link, code) = match letter.kind {
            LetterKind::Verify => {
                let code = (now < code_end).then(|| id().map(|id| self.secret.code(id.as_bytes())));
                (Some(self.link(id()?)), code.transpose()?)
            }
            LetterKind::PasswordReset => {
                let token = self.secret.reset(id()?.as_bytes());
                (Some(format!("{}/reset/{}", self.base, token.reveal())), None)
            }
            LetterKind::AddressTaken
            | LetterKind::AddressChanged
            | LetterKind::PasswordChanged
            | LetterKind::AccountDeleted => (None, None),
        };
        let settings = (self.tenants)(&letter.tenant);
        let language = self.templates.choose(&letter.languages);
        let mut words = Words {
            language,
            subject: "",
            to: letter.to.as_str(),
            site: settings.product.as_deref().unwrap_or(&self.site),
            colours: Colours::of(settings.accent),
            contact: settings.contact.as_deref().or(self.contact.as_deref()),
            made_at: in_words(letter.made_at, language),
            forgotten: format!("{}/reset", self.base),
            link: link.as_deref(),
            link_end: letter.expires_at.map(|end| in_words(end, language)),
            code: code.as_ref().map(Code::reveal),
            code_end: in_words(code_end, language),
        };
        let render = |words: &Words<'_>, extension| {
            let body = self.templates.render(language, letter.kind, extension, words);
            body.map_err(Unwritable::Template)
        };
        let plain = render(&words, "txt")?;
        let (subject, text) = plain.split_once('\n').unwrap_or((&plain, ""));
        let subject = one_line(subject);
        words.subject = &subject;
        let html = render(&words, "html")?;
        Ok(Mail {
            id: letter.id,
            to: letter.to.clone(),
            from: settings.mail_from.clone(),
            text: text.trim_start().to_owned(),
            html,
            code: code.as_ref().map(|code| code.reveal().to_owned()),
            link,
            at: letter.made_at,
            subject,
        })
    }
}

fn one_line(subject: &str) -> String {
    subject.trim().chars().filter(|letter| !letter.is_control()).take(SUBJECT).collect()
}

/// `1 January 2026, 00:00 UTC`: a mail does not know its reader's time zone.
fn in_words(at: Micros, language: &str) -> String {
    let stamp = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    match language {
        "en" => stamp.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        "de" => stamp.strftime("%-d.%-m.%Y um %H:%M Uhr (UTC)").to_string(),
        _ => stamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

#[cfg(test)]
mod tests;
