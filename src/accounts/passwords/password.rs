use crate::model::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

/// The fewest and the most characters (NIST SP 800-63B §3.1.1 asks for 8, and for 64 to be taken).
const MIN_CHARACTERS: usize = 8;
const MAX_CHARACTERS: usize = 1024;

/// The lowest score that is taken: more than 10⁶ guesses.
///
/// Log-in allows 10 guesses a minute for an address, so that 10⁶ take ten weeks of never stopping.
/// The next higher bar, 10⁸, refuses much that people think up and remember, and they answer it
/// with `1!` at the end.
const LOWEST: Score = Score::Two;

/// How much of a password is scored: the estimator's time grows faster than its input, and who
/// types more than this is not guessable by any list.
const SCORED_CHARACTERS: usize = 100;

/// A password as a person typed it, in the one form that is hashed.
///
/// That form is the `OpaqueString` profile of RFC 8265 §4.2 without its refusals: spaces of other
/// scripts become U+0020, then NFC, so that the same keys give the same hash on a phone and a
/// laptop that compose accents differently. Case counts, and nothing is trimmed.
///
/// It has no `Debug`, and is wiped when dropped.
#[derive(Clone)]
pub struct Password(SecretString);

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Counted as characters, not bytes.
    #[error("a password has at least 8 characters")]
    TooShort,
    /// More would only be work for us.
    #[error("a password has at most 1024 characters")]
    TooLong,
    /// Common, patterned, or made of the address.
    #[error("this password is too easy to guess: a few unrelated words make a good one")]
    Guessable,
}

impl Password {
    /// Takes a new password. `email` is the address it is for, as most guesses begin with that.
    ///
    /// Up to some milliseconds of work, for the longest.
    ///
    /// # Errors
    ///
    /// [`WeakPassword`], fit to be shown.
    pub fn parse(text: &str, email: Option<&EmailAddress>) -> Result<Self, WeakPassword> {
        let password = Self::presented(text);
        let typed = password.0.expose_secret();
        match typed.chars().count() {
            ..MIN_CHARACTERS => return Err(WeakPassword::TooShort),
            MIN_CHARACTERS..=MAX_CHARACTERS => {}
            _ => return Err(WeakPassword::TooLong),
        }
        let known = parts(email);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let scored =
            typed.char_indices().nth(SCORED_CHARACTERS).map_or(typed.len(), |(end, _)| end);
        let score = zxcvbn(typed.get(..scored).unwrap_or_default(), &known).score();
        if score < LOWEST { Err(WeakPassword::Guessable) } else { Ok(password) }
    }

    /// Takes what somebody presents to log in: any text, as every refusal would be an answer.
    ///
    /// One character more than [`Self::parse`] takes is kept of a longer text, which is then no
    /// one's password: cut to the limit it could be someone's.
    pub fn presented(text: &str) -> Self {
        let spaced = text.chars().map(|letter| if is_space(letter) { ' ' } else { letter });
        Self(spaced.nfc().take(MAX_CHARACTERS + 1).collect::<String>().into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// What of an address, and of us, somebody would put into a password.
fn parts(email: Option<&EmailAddress>) -> Vec<String> {
    let mut parts = vec!["afterclick".to_owned()];
    if let Some(email) = email {
        let address = email.as_str().to_lowercase();
        let words = address.split(|letter: char| !letter.is_alphanumeric());
        parts.extend(words.filter(|word| word.chars().count() > 2).map(str::to_owned));
        parts.extend(address.split('@').map(str::to_owned));
        parts.push(address);
    }
    parts
}

/// Unicode's `Zs`, all of which look like the space bar's.
fn is_space(letter: char) -> bool {
    matches!(
        letter,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}
