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

/// How much of a password is scored, from its beginning.
///
/// The estimator tries every way to read symbols as letters, and text made for it takes 150 ms at
/// 32 characters and 1.2 s at the 100 where it stops by itself. What is guessable in its first 32
/// characters is not made good by more.
const SCORED_CHARACTERS: usize = 32;

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
    /// A few milliseconds of work, and up to 150 where somebody means it to be: on the threads that
    /// serve others use [`Passwords::accept`].
    ///
    /// # Errors
    ///
    /// [`WeakPassword`], fit to be shown.
    ///
    /// [`Passwords::accept`]: super::Passwords::accept
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
        for half in address.split('@') {
            parts.push(half.to_owned());
            parts.push(half.chars().filter(|letter| letter.is_alphanumeric()).collect());
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn taken(text: &str) -> Result<(), WeakPassword> {
        let ana = EmailAddress::parse("ana.lopez@example.com").unwrap();
        Password::parse(text, Some(&ana)).map(|_| ())
    }

    #[rstest]
    #[case("password1")]
    #[case("Password1!")]
    #[case("P@ssw0rd")]
    #[case("12345678")]
    #[case("qwertyuiop")]
    #[case("zaq12wsx")]
    #[case("aaaaaaaaaaaaaaaa")]
    #[case("abcdefgh")]
    #[case("iloveyou")]
    #[case("summer2024")]
    #[case("!@#$%^&*")]
    #[case("01011990")]
    #[case("密码密码密码密码")]
    #[case("hunter2hunter2")]
    #[case::of_the_address("ana.lopez@example.com")]
    #[case::of_its_names("AnaLopez1")]
    #[case::of_its_domain("example.com1")]
    #[case::of_ours("Afterclick!")]
    fn the_commonest_and_guessable_are_refused(#[case] text: &str) {
        assert_eq!(taken(text), Err(WeakPassword::Guessable));
    }

    #[rstest]
    #[case("correct horse")]
    #[case("correct horse battery staple")]
    #[case("blue kettle sings")]
    #[case("sunny-otter-42")]
    #[case("xK9#mQ2$")]
    #[case("ümläut-wörter")]
    #[case("тихий вечер у реки")]
    #[case("🦀🦞🦐🦑🐙🐚🐠🐡")]
    #[case("tab\tand\0nul and \u{202e}")]
    fn what_somebody_thought_up_is_taken(#[case] text: &str) {
        assert_eq!(taken(text), Ok(()));
    }

    #[test]
    fn a_password_has_8_to_1024_characters_not_bytes() {
        let long = "correct horse battery staple ".repeat(40);
        let cut = |count: usize| long.chars().take(count).collect::<String>();

        assert_eq!(taken("xK9#mQ2"), Err(WeakPassword::TooShort));
        assert_eq!(taken("ü9ß€ñ"), Err(WeakPassword::TooShort));
        assert_eq!(taken(""), Err(WeakPassword::TooShort));
        assert_eq!(taken(&cut(1024)), Ok(()));
        assert_eq!(taken(&cut(1025)), Err(WeakPassword::TooLong));
        assert_eq!(taken(&"密".repeat(500_000)), Err(WeakPassword::TooLong));
    }

    #[rstest]
    #[case::composed("Jose\u{301} sings", "Jos\u{e9} sings")]
    #[case::wide_space("blue\u{3000}kettle", "blue kettle")]
    #[case::fixed_space("blue\u{a0}kettle", "blue kettle")]
    fn the_same_keys_on_another_device_are_the_same_password(
        #[case] one: &str,
        #[case] other: &str,
    ) {
        assert_eq!(Password::presented(one).bytes(), Password::presented(other).bytes());
    }

    #[rstest]
    #[case::case("Blue kettle", "blue kettle")]
    #[case::space_around(" blue kettle", "blue kettle")]
    #[case::compatible_letters("\u{fb01}sh kettle", "fish kettle")]
    #[case::wide_letters("\u{ff42}lue kettle", "blue kettle")]
    fn other_characters_are_another_password(#[case] one: &str, #[case] other: &str) {
        assert_ne!(Password::presented(one).bytes(), Password::presented(other).bytes());
    }

    #[test]
    fn a_presented_text_beyond_the_limit_is_nobodys_password() {
        let longest =
            "correct horse battery staple ".repeat(40).chars().take(1024).collect::<String>();
        let beyond = format!("{longest}x");

        assert_ne!(Password::presented(&longest).bytes(), Password::presented(&beyond).bytes());
        assert_eq!(Password::presented(&"a".repeat(1_000_000)).bytes().len(), 1025);
    }
}
