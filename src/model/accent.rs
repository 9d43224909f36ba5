use super::BadName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The least contrast of text with what is behind it (WCAG 2.2, success criterion 1.4.3).
const READABLE: f64 = 4.5;

/// Behind everything on pages and in mails, by day and by night, as `public/afterclick.css` has it.
const PAPER: Colour = Colour([0xf4, 0xf5, 0xf2]);
const CARD_BY_NIGHT: Colour = Colour([0x19, 0x1f, 0x1d]);
const PAPER_BY_NIGHT: Colour = Colour([0x10, 0x14, 0x13]);

const WHITE: Colour = Colour([255; 3]);
const BLACK: Colour = Colour([0; 3]);

/// A colour of red, green, and blue, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The colour of a tenant's buttons and links, readable wherever those are.
///
/// White text can be read on it, and it can be read as text on our paper. By night it would be too
/// dark, so it is made as much lighter as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent(Colour);

impl Accent {
    /// By day, with white text on it.
    pub fn day(self) -> Colour {
        self.0
    }

    /// By day, under the pointer.
    pub fn day_hover(self) -> Colour {
        self.0.mixed(BLACK, 3)
    }

    /// By night, with [`Self::ink_by_night`] on it.
    pub fn night(self) -> Colour {
        let lighter = (0..=16).map(|sixteenths| self.0.mixed(WHITE, sixteenths));
        let mut readable = lighter.filter(|colour| {
            colour.contrast(CARD_BY_NIGHT).min(colour.contrast(PAPER_BY_NIGHT)) >= READABLE
        });
        readable.next().unwrap_or(WHITE)
    }

    /// By night, under the pointer.
    pub fn night_hover(self) -> Colour {
        self.night().mixed(WHITE, 4)
    }

    /// The text on a button by night.
    pub fn ink_by_night(self) -> Colour {
        PAPER_BY_NIGHT
    }
}

impl FromStr for Accent {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let hex = text.strip_prefix('#').unwrap_or(text);
        let digits = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(hex, 16).ok().filter(|_| digits);
        let number = number.ok_or(BadName::new("a colour is written as #0b5fff"))?;
        let [_, red, green, blue] = number.to_be_bytes();
        let colour = Colour([red, green, blue]);
        if colour.contrast(PAPER) < READABLE {
            return Err(BadName::new(
                "that colour is too light to be read: its contrast with white must be some 5 to 1",
            ));
        }
        Ok(Self(colour))
    }
}

impl Colour {
    /// This colour with so many sixteenths of it replaced by `other`.
    fn mixed(self, other: Self, sixteenths: u16) -> Self {
        let mix = |(mine, theirs): (u8, u8)| {
            let sum = u16::from(mine) * (16 - sixteenths) + u16::from(theirs) * sixteenths;
            u8::try_from(sum / 16).unwrap_or(u8::MAX)
        };
        let ([r, g, b], [other_r, other_g, other_b]) = (self.0, other.0);
        Self([(r, other_r), (g, other_g), (b, other_b)].map(mix))
    }

    /// From 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// From 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Accent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Accent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.001);
        let grey = Colour([0x76; 3]);
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01, "{}", grey.contrast(WHITE));
    }

    #[test]
    fn a_colour_that_could_not_be_read_is_refused() {
        for bad in
            ["#ffff00", "#ffffff", "#00c8ff", "#777777", "", "#12345", "red", "#12345g", "+12345"]
        {
            assert!(bad.parse::<Accent>().is_err(), "{bad}");
        }
        for good in ["#0b5fff", "#000000", "a3221a", "#0A6B4B"] {
            let accent: Accent = good.parse().unwrap();
            assert!(accent.day().contrast(PAPER) >= READABLE, "{good}");
            assert!(accent.day().contrast(WHITE) >= READABLE, "{good}");
            assert!(accent.day_hover().contrast(WHITE) >= READABLE, "{good}");
            for by_night in [accent.night(), accent.night_hover()] {
                assert!(by_night.contrast(CARD_BY_NIGHT) >= READABLE, "{good}");
                assert!(by_night.contrast(accent.ink_by_night()) >= READABLE, "{good}");
            }
        }
    }
}
