use super::{ConfigError, Smtp};
use crate::model::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;

/// How mail leaves.
#[derive(Debug, Clone)]
pub enum Mail {
    /// It does not: it is kept in memory and shown at `/dev/inbox`, for developers.
    Inbox,
    /// Each mail becomes one `.eml` file of this folder.
    Directory(PathBuf),
    /// To a mail server.
    Smtp(Smtp),
}

impl Mail {
    /// `reachable`: whether others than this machine reach the service, and so its inbox.
    pub(super) fn check(
        given: &SecretString,
        reachable: bool,
        insecure_dev: bool,
    ) -> Result<Self, ConfigError> {
        let refuse = |message| Err(ConfigError::new("mail", message));
        let text = given.expose_secret();
        match text.split_once(':') {
            None if text == "inbox" && reachable && !insecure_dev => refuse(
                "the inbox shows every mail to everybody, and others reach this service: write \
                 smtp://… or dir:PATH (--insecure-dev overrides)",
            ),
            None if text == "inbox" => Ok(Self::Inbox),
            Some(("dir", path)) if !path.is_empty() => Ok(Self::Directory(PathBuf::from(path))),
            Some(("smtp" | "smtps", _)) => Smtp::check(text, insecure_dev).map(Self::Smtp),
            _ => refuse("write inbox, dir:PATH, or smtp://USER:PASSWORD@HOST:PORT"),
        }
    }
}

/// An address that people may write to.
pub(super) fn contact(given: Option<&str>) -> Result<Option<String>, ConfigError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    let message = "write an address of mail, such as help@example.com";
    let checked =
        given.map(|text| EmailAddress::parse(text).map(|address| address.as_str().to_owned()));
    checked.transpose().map_err(|_| ConfigError::new("contact", message))
}

/// Whom mails come from: an address with or without a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: String,
}

impl Mailbox {
    /// The name that mail programs show; free of control characters and quotes.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn check(given: &str) -> Result<Self, ConfigError> {
        let refuse = || {
            let message = "write an address, or a name and an address: \
                           Afterclick <no-reply@example.com>";
            ConfigError::new("mail-from", message)
        };
        let (name, address) = match given.trim().strip_suffix('>') {
            Some(open) => open.rsplit_once('<').ok_or_else(refuse)?,
            None => ("", given.trim()),
        };
        let name = name.trim().trim_matches('"');
        if name.chars().any(|letter| letter.is_control() || "\"<>\\".contains(letter)) {
            return Err(refuse());
        }
        // The default's domain is no name of the internet, so no address of a user's either.
        let stand_in =
            address.strip_suffix("@localhost").map(|local| format!("{local}@localhost.invalid"));
        EmailAddress::parse(stand_in.as_deref().unwrap_or(address)).map_err(|_| refuse())?;
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Self { name, address: address.to_owned() })
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "\"{name}\" <{}>", self.address),
            None => formatter.write_str(&self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_a_name_or_none() {
        let named = Mailbox::check("Afterclick <no-reply@localhost>").unwrap();
        assert_eq!((named.name(), named.address()), (Some("Afterclick"), "no-reply@localhost"));
        assert_eq!(named.to_string(), "\"Afterclick\" <no-reply@localhost>");

        let bare = Mailbox::check("hello@example.com").unwrap();
        assert_eq!((bare.name(), bare.to_string().as_str()), (None, "hello@example.com"));

        for bad in ["", "Ana", "a@b c", "Ana <a@example.com", "A\r\nBcc: x <a@example.com>"] {
            assert!(Mailbox::check(bad).is_err(), "{bad:?}");
        }
    }
}
