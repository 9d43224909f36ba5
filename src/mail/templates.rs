use super::{Letter, LetterKind, Mail};
use crate::model::{EmailAddress, Micros, ServerSecret};
use askama::Template;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// How long a code counts, from when its letter was queued.
pub const CODE_LIFETIME: Duration = Duration::from_mins(15);

/// A letter that should not, or cannot, become a mail.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// Its link has expired in the queue; a mail would only mislead.
    #[error("the link of the letter has expired before it could be sent")]
    Expired,
    /// It should hold a link, and names no verification to derive it from.
    #[error("the letter names no verification")]
    NoVerification,
    /// The template failed.
    #[error("the letter could not be written out")]
    Template(#[source] askama::Error),
}

/// Makes mails from letters: derives the link and the code, and fills in the templates.
///
/// The base of every link is the configured public URL. Nothing of a request gets here, so no
/// `Host` header can send a link elsewhere.
#[derive(Debug, Clone)]
pub struct Writer {
    secret: ServerSecret,
    base: String,
    site: String,
}

impl Writer {
    /// Writes links that begin with `public_url`.
    pub fn new(secret: ServerSecret, public_url: &Url) -> Self {
        let base = public_url.as_str().trim_end_matches('/').to_owned();
        let site = public_url.authority().to_owned();
        Self { secret, base, site }
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
        match letter.kind {
            LetterKind::Verify => self.verify(letter, now),
            LetterKind::AddressTaken => self.address_taken(letter),
        }
    }

    fn verify(&self, letter: &Letter, now: Micros) -> Result<Mail, Unwritable> {
        let verification = letter.verification.ok_or(Unwritable::NoVerification)?;
        if letter.expires_at.is_some_and(|end| end <= now) {
            return Err(Unwritable::Expired);
        }
        let code_end = letter.made_at.after(CODE_LIFETIME);
        let code =
            (now < code_end).then(|| self.secret.code(verification.as_bytes()).reveal().to_owned());
        let link = self.link(verification);
        let words = VerifyWords {
            to: &letter.to,
            site: &self.site,
            link: &link,
            code: code.as_deref(),
            link_end: letter.expires_at.map(in_words),
            code_end: in_words(code_end),
        };
        let text = VerifyText { words: &words }.render().map_err(Unwritable::Template)?;
        let html = VerifyHtml { words: &words }.render().map_err(Unwritable::Template)?;
        let subject = "Confirm your e-mail address";
        Ok(Mail { link: Some(link), code, ..mail(letter, subject, text, html) })
    }

    fn address_taken(&self, letter: &Letter) -> Result<Mail, Unwritable> {
        let words =
            TakenWords { to: &letter.to, site: &self.site, made_at: in_words(letter.made_at) };
        let text = TakenText { words: &words }.render().map_err(Unwritable::Template)?;
        let html = TakenHtml { words: &words }.render().map_err(Unwritable::Template)?;
        Ok(mail(letter, "Somebody tried to sign up with your address", text, html))
    }
}

fn mail(letter: &Letter, subject: &'static str, text: String, html: String) -> Mail {
    let (id, to, at) = (letter.id, letter.to.clone(), letter.made_at);
    Mail { id, to, subject, text, html, link: None, code: None, at }
}

/// `1 January 2026, 00:00 UTC`: a mail does not know its reader's time zone.
fn in_words(at: Micros) -> String {
    let stamp = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    stamp.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

struct VerifyWords<'a> {
    to: &'a EmailAddress,
    site: &'a str,
    link: &'a str,
    code: Option<&'a str>,
    link_end: Option<String>,
    code_end: String,
}

#[derive(Template)]
#[template(path = "verify.txt", config = "src/mail/askama.toml")]
struct VerifyText<'a> {
    words: &'a VerifyWords<'a>,
}

#[derive(Template)]
#[template(path = "verify.html", config = "src/mail/askama.toml")]
struct VerifyHtml<'a> {
    words: &'a VerifyWords<'a>,
}

struct TakenWords<'a> {
    to: &'a EmailAddress,
    site: &'a str,
    made_at: String,
}

#[derive(Template)]
#[template(path = "address_taken.txt", config = "src/mail/askama.toml")]
struct TakenText<'a> {
    words: &'a TakenWords<'a>,
}

#[derive(Template)]
#[template(path = "address_taken.html", config = "src/mail/askama.toml")]
struct TakenHtml<'a> {
    words: &'a TakenWords<'a>,
}

#[cfg(test)]
mod tests;
