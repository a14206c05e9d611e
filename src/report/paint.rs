//! Colour, never alone: every colour stands beside a sign or a word.

use std::fmt::Display;

use anstyle::AnsiColor;
use anstyle::Style;

/// What a text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is made.
    Add,
    /// Something is changed.
    Change,
    /// Something goes, or fails.
    Remove,
    /// Something to look at.
    Warn,
    /// A heading.
    Strong,
    /// Beside the point.
    Dim,
    /// As all else.
    Plain,
}

/// Paints texts, or leaves them as they are.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether to.
    pub color: bool,
}

impl Paint {
    /// The text in its colour.
    pub fn on(self, tone: Tone, text: impl Display) -> String {
        if !self.color {
            return text.to_string();
        }
        let style = match tone {
            Tone::Plain => return text.to_string(),
            Tone::Add => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Tone::Change | Tone::Warn => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Tone::Remove => Style::new().fg_color(Some(AnsiColor::Red.into())),
            Tone::Strong => Style::new().bold(),
            Tone::Dim => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}
