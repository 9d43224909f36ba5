use crate::model::Accent;
use serde::Serialize;

/// The colours of buttons and links.
#[derive(Debug, Serialize)]
pub(super) struct Colours {
    day: String,
    night: String,
    ink_by_night: String,
    link_by_night: String,
}

impl Colours {
    /// A tenant's, or ours.
    pub(super) fn of(accent: Option<Accent>) -> Self {
        let Some(accent) = accent else {
            return Self {
                day: "#0a6b4b".to_owned(),
                night: "#4fd1a1".to_owned(),
                ink_by_night: "#06281c".to_owned(),
                link_by_night: "#6fdcb4".to_owned(),
            };
        };
        Self {
            day: accent.day().to_string(),
            night: accent.night().to_string(),
            ink_by_night: accent.ink_by_night().to_string(),
            link_by_night: accent.night().to_string(),
        }
    }
}
