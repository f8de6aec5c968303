//! Text of unknown origin, made fit for a terminal.
//!
//! A name in an audit event is written by whoever named the thing: it may clear the screen, turn the
//! reading direction round, or hide a word. Shown through here it can do none of that.

use std::fmt;

/// Shows a text with every invisible or steering character as an escape (`\u{202e}`), cut after
/// [`SafeText::CHARS_MAX`] characters.
///
/// ```
/// use ochre::domain::SafeText;
/// assert_eq!(SafeText("plan\u{1b}[2J").to_string(), r"plan\u{1b}[2J");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafeText<'a>(pub &'a str);

impl SafeText<'_> {
    /// Characters shown before an `…` stands for the rest; an escape counts as the one it stands for.
    pub const CHARS_MAX: usize = 200;

    /// The same with another length, in characters of the text.
    pub fn up_to(self, chars_max: usize) -> String {
        let mut shown = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_to(&mut shown, chars_max);
        shown
    }

    fn write_to(self, out: &mut impl fmt::Write, chars_max: usize) -> fmt::Result {
        for (position, character) in self.0.chars().enumerate() {
            if position == chars_max {
                return out.write_char('…');
            }
            if is_unsafe(character) {
                write!(out, "{}", character.escape_unicode())?;
            } else {
                out.write_char(character)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for SafeText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(out, Self::CHARS_MAX)
    }
}

/// Whether a character steers a terminal or the reading direction, or cannot be seen.
fn is_unsafe(character: char) -> bool {
    character.is_control() // C0, DEL, C1
        || matches!(
            character,
            '\u{ad}' // soft hyphen
            | '\u{61c}' | '\u{200e}' | '\u{200f}' // direction marks
            | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' // zero width
            | '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // bidi embeddings, overrides, isolates
            | '\u{fff9}'..='\u{fffb}' // interlinear annotation
            | '\u{e0000}'..='\u{e0fff}' // tags and further selectors, all invisible
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steering_characters_are_shown_as_escapes() {
        for (text, shown) in [
            ("a\nb\t\0", r"a\u{a}b\u{9}\u{0}"),
            ("\u{7f}\u{9b}31m", r"\u{7f}\u{9b}31m"),
            ("\u{202e}fdp.exe\u{2069}", r"\u{202e}fdp.exe\u{2069}"),
            ("ad\u{200b}min\u{feff}", r"ad\u{200b}min\u{feff}"),
            ("\u{2028}\u{2029}\u{e0041}", r"\u{2028}\u{2029}\u{e0041}"),
        ] {
            assert_eq!(SafeText(text).to_string(), shown);
        }
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        for text in ["Größe – 5 €", "予算 2026", "<script>alert('x')</script>", "=HYPERLINK(\"x\")", "../../etc", "😀"]
        {
            assert_eq!(SafeText(text).to_string(), text);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let long = "é".repeat(10_000);
        assert_eq!(SafeText(&long).to_string(), format!("{}…", "é".repeat(200)));
        assert_eq!(SafeText("abc").up_to(3), "abc");
        assert_eq!(SafeText("abc").up_to(2), "ab…");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_ever_comes_out(text in any::<String>()) {
            let shown = SafeText(&text).to_string();
            prop_assert!(!shown.chars().any(is_unsafe));
        }
    }
}
