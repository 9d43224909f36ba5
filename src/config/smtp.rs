use super::{ConfigError, addresses};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

/// The mail server that our mails are handed to.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// User and password, where it wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Certificates to trust instead of the public ones, in PEM.
    pub ca: Option<Vec<u8>>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From its first byte (RFC 8314 §3.3).
    Implicit,
    /// By STARTTLS (RFC 3207), without which no mail leaves.
    Required,
    /// Not at all.
    None,
}

impl Smtp {
    pub(super) fn check(text: &str, insecure_dev: bool) -> Result<Self, ConfigError> {
        let refuse = |message: &str| ConfigError::new("mail", message.to_owned());
        let url = Url::parse(text).ok().filter(Url::has_host);
        let url =
            url.ok_or_else(|| refuse("the server is missing: smtp://USER:PASSWORD@HOST:PORT"))?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(refuse("write smtp://USER:PASSWORD@HOST:PORT, with no path after it"));
        }
        let implicit = url.scheme() == "smtps";
        let mut tls = if implicit { SmtpTls::Implicit } else { SmtpTls::Required };
        let mut ca = None;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("tls", "required") => {}
                ("tls", "none") if !implicit => tls = SmtpTls::None,
                ("tls", _) => {
                    return Err(refuse("tls is required or none, and smtps:// always has it"));
                }
                ("ca", path) => ca = Some(certificates(path)?),
                _ => return Err(refuse("after the ? there may be tls=none and ca=FILE")),
            }
        }
        let host = url.host_str().unwrap_or_default();
        let credentials = credentials(&url).map_err(refuse)?;
        let clear = tls == SmtpTls::None && credentials.is_some();
        if clear && !insecure_dev && !addresses::is_loopback_name(host) {
            return Err(refuse(
                "the password would travel in the clear: leave out tls=none (--insecure-dev \
                 overrides)",
            ));
        }
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(if implicit { 465 } else { 587 }),
            tls,
            credentials,
            ca,
        })
    }
}

fn credentials(url: &Url) -> Result<Option<(String, SecretString)>, &'static str> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
    let unreadable = |_| "user and password must be UTF-8, percent-encoded";
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err("a user needs a password, and a password a user"),
        (user, Some(password)) => Ok(Some((
            decoded(user).map_err(unreadable)?,
            decoded(password).map_err(unreadable)?.into(),
        ))),
    }
}

fn certificates(path: &str) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path)
        .map_err(|error| ConfigError::new("mail", format!("cannot read {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_mail_server_is_read_from_its_url() {
        let smtp = Smtp::check("smtp://us%40er:p%3Ass@mail.example", false).unwrap();

        let (user, password) = smtp.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("us@er", "p:ss"));
        assert_eq!((smtp.host.as_str(), smtp.port), ("mail.example", 587));
        assert_eq!(smtp.tls, SmtpTls::Required);
    }

    #[test]
    fn the_scheme_says_port_and_protection() {
        let of = |text| {
            let smtp = Smtp::check(text, false).unwrap();
            (smtp.host, smtp.port, smtp.tls)
        };

        assert_eq!(of("smtps://mail"), ("mail".into(), 465, SmtpTls::Implicit));
        assert_eq!(of("smtp://mail:25?tls=none"), ("mail".into(), 25, SmtpTls::None));
        assert_eq!(of("smtp://[::1]:2525?tls=none"), ("::1".into(), 2525, SmtpTls::None));
        assert!(Smtp::check("smtp://a:b@127.0.0.1?tls=none", false).is_ok());
        assert!(Smtp::check("smtp://a:b@mail?tls=none", true).is_ok());
    }
}
