use super::Digest;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The longest address that SMTP can carry (RFC 5321 §4.5.3.1.3, less the angle brackets).
const MAX_ADDRESS: usize = 254;

/// The longest part before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// The text is not an address that mail could be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is not an e-mail address, which looks like name@example.com")]
pub struct BadEmail;

/// An e-mail address: shown as typed, compared by its key.
///
/// The key is trimmed, NFC, lower-cased, and has its domain in punycode, so that two spellings of
/// one mailbox are one address. Quoted local parts (`"a b"@…`) and address literals are refused:
/// nobody types them, and they open ways into mail headers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    shown: String,
    key: String,
}

impl EmailAddress {
    /// Reads what a person typed.
    ///
    /// # Errors
    ///
    /// [`BadEmail`] where the text is no address, or hides characters in one.
    pub fn parse(typed: &str) -> Result<Self, BadEmail> {
        let shown: String = typed.trim().nfc().collect();
        let (local, domain) = shown.rsplit_once('@').ok_or(BadEmail)?;
        if local.is_empty() || local.len() > MAX_LOCAL || !local.chars().all(is_local) {
            return Err(BadEmail);
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(BadEmail);
        }
        let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| BadEmail)?;
        // Most of what cannot be seen is no part of a name, and would still be shown.
        if domain.chars().any(|letter| is_ignorable(letter) && !is_joiner(letter))
            || !ascii.contains('.')
            || ascii.ends_with('.')
            || ascii.rsplit('.').next().is_none_or(is_number)
        {
            return Err(BadEmail);
        }
        let local: String = local.to_lowercase().nfc().collect();
        let key = format!("{local}@{ascii}");
        if key.len() > MAX_ADDRESS || shown.len() > MAX_ADDRESS {
            return Err(BadEmail);
        }
        Ok(Self { shown, key })
    }

    /// The address as typed, trimmed.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form in which addresses are compared and stored for look-up.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Enough for its owner to know it again, and too little for anybody else: `a••@example.com`.
    pub fn hint(&self) -> String {
        let (local, domain) = self.shown.rsplit_once('@').unwrap_or((&self.shown, ""));
        let first = local.chars().next().unwrap_or('•');
        format!("{first}••@{domain}")
    }

    /// A digest that stands for the address in limits and logs.
    pub fn digest(&self) -> Digest {
        Digest::of(self.key.as_bytes())
    }
}

/// Logs see the hint only.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hint())
    }
}

fn is_number(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 5322 `atext` and the dot, with RFC 6531's letters beyond ASCII less what cannot be seen, and
/// less signs that are no letters: lettre sends to none with them, and a mail that never leaves is
/// worse than a refusal.
fn is_local(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(letter);
    }
    letter.is_alphanumeric() && !is_ignorable(letter)
}

/// What nobody sees: Unicode's `Default_Ignorable_Code_Point`, what turns a text around, and the
/// marks of what could not be read.
fn is_ignorable(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Of a domain's name these are a part, in scripts whose letters they join or keep apart (RFC 5892
/// §A.1, A.2).
fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_mailbox_are_one_address() {
        for (typed, key) in [
            (" Ana@Example.COM ", "ana@example.com"),
            ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
            ("Jose\u{301}@example.com", "jos\u{e9}@example.com"),
            ("a+tag@example.com", "a+tag@example.com"),
        ] {
            assert_eq!(EmailAddress::parse(typed).unwrap().key(), key);
        }
        assert_eq!(EmailAddress::parse(" Ana@Example.COM ").unwrap().as_str(), "Ana@Example.COM");
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "@",
            "ana",
            "ana@",
            "@example.com",
            "ana@localhost",
            "a b@example.com",
            "ana@exa mple.com",
            "ana@example.com\r\nBcc: x@example.com",
            "ana\0@example.com",
            "ana\u{2028}@example.com",
            "ana\u{202e}@example.com",
            "ana\u{3164}@example.com",
            "ana\u{3237}@example.com",
            "ana@exam\u{ad}ple.com",
            "ana@exam\u{2060}ple.com",
            "ana@example\u{fe0f}.com",
            "\"ana\"@example.com",
            "ana@[127.0.0.1]",
            "ana@127.0.0.1",
            "ana@example.com.",
            ".ana@example.com",
            "a..b@example.com",
            "ana@-x.example",
            "<ana@example.com>",
            "a@b@example.com",
            long.as_str(),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(BadEmail), "{bad:?}");
        }
    }

    #[test]
    fn logs_never_hold_a_whole_address() {
        let ana = EmailAddress::parse("ana@example.com").unwrap();

        assert_eq!(format!("{ana:?}"), "a••@example.com");
    }
}
