use super::Cursor;

/// What a caller wants a user's state to be before it is changed: its `If-Match` (RFC 9110 §13.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Any, or none.
    #[default]
    Nothing,
    /// `*`: the user is there.
    Exists,
    /// The user is at one of these; none of them where nothing that was sent is a cursor of ours.
    At(Vec<Cursor>),
}

impl Precondition {
    /// Whether it holds where the user is at `present`; `None` where there is no such user.
    pub fn holds(&self, present: Option<Cursor>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Exists => present.is_some(),
            Self::At(cursors) => present.is_some_and(|present| cursors.contains(&present)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_it_names_fulfils_it() {
        let [one, two] =
            ["aaaaaaaa.1", "aaaaaaaa.2"].map(|cursor| cursor.parse::<Cursor>().unwrap());

        for (wanted, at_one, at_two, nobody) in [
            (Precondition::Nothing, true, true, true),
            (Precondition::Exists, true, true, false),
            (Precondition::At(vec![two]), false, true, false),
            (Precondition::At(vec![two, one]), true, true, false),
            (Precondition::At(vec![]), false, false, false),
        ] {
            let held = [Some(one), Some(two), None].map(|present| wanted.holds(present));
            assert_eq!(held, [at_one, at_two, nobody], "{wanted:?}");
        }
    }
}
