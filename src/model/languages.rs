/// The longest preference that is kept: browsers with many languages send some 60 characters.
const KEPT: usize = 120;

/// What a browser says of the languages its user reads, kept as it was said: which of them a mail
/// is written in is chosen when it is written, from the templates that are there then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Languages(String);

impl Languages {
    /// Takes the value of an `Accept-Language` header; what cannot be one counts as no preference.
    pub fn presented(header: Option<&str>) -> Self {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-,;=.* ".contains(&byte);
        let text = header.filter(|text| text.bytes().all(allowed)).unwrap_or_default();
        Self(text.get(..KEPT).unwrap_or(text).to_owned())
    }

    /// As it was said.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first of `available` by preference; a language of a region counts as the language
    /// (RFC 4647 §3.4, with tags of two or three letters on our side). `None` where none is wanted.
    pub fn choose<'a>(&self, available: &[&'a str]) -> Option<&'a str> {
        let mut ranges: Vec<(&str, f32)> = self.0.split(',').filter_map(range).collect();
        // Stable: of two that are wanted equally the one said first comes first.
        ranges.sort_by(|one, other| other.1.total_cmp(&one.1));
        let offered = |wanted: &str| available.iter().find(|one| one.eq_ignore_ascii_case(wanted));
        ranges.iter().find_map(|(wanted, _)| offered(wanted)).copied()
    }
}

/// A range's primary tag and its weight (RFC 9110 §12.5.4); `None` for one that is refused.
fn range(text: &str) -> Option<(&str, f32)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => weight.trim().parse().unwrap_or(0.0),
        None => 1.0,
    };
    let primary = tag.trim().split('-').next().unwrap_or_default();
    (weight > 0.0 && !primary.is_empty()).then_some((primary, weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::none("", None)]
    #[case::plain("de", Some("de"))]
    #[case::region("de-AT,en;q=0.5", Some("de"))]
    #[case::weighted("en;q=0.3, de;q=0.9", Some("de"))]
    #[case::equal("en,de", Some("en"))]
    #[case::unknown_first("fr,de;q=0.8,en;q=0.7", Some("de"))]
    #[case::unknown("fr", None)]
    #[case::refused("de;q=0", None)]
    #[case::anything("*", None)]
    #[case::upper("DE-ch", Some("de"))]
    #[case::hostile("de\r\nBcc: x", None)]
    #[case::nonsense("de;q=x,;;,=,-", None)]
    fn the_language_wanted_most_is_chosen(#[case] header: &str, #[case] chosen: Option<&str>) {
        assert_eq!(Languages::presented(Some(header)).choose(&["en", "de"]), chosen);
    }

    #[test]
    fn a_long_preference_is_cut() {
        let long = "de,".repeat(1000);

        assert_eq!(Languages::presented(Some(&long)).as_str().len(), KEPT);
    }
}
