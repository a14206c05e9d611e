//! What an editor asks of a project: where a name comes from and who uses it, another name for an item, what could be
//! written, what mends a finding. Decides over texts; `cli::lsp` speaks the protocol.

mod actions;
mod alone;
mod complete;
mod hover;
mod lines;
mod names;
mod rename;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::diag::SourceId;

pub use actions::Action;
pub use actions::actions;
pub use actions::difference;
pub use actions::mended;
pub use alone::alone;
pub use complete::Offer;
pub use complete::offers;
pub use hover::hover;
pub use lines::Encoding;
pub use lines::Lines;
pub use lines::Place;
pub use names::Names;
pub use names::Symbol;
pub use rename::RenameError;
pub use rename::not_declared;
pub use rename::rename;

/// A place in one of the texts and what is to stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The text.
    pub source: SourceId,
    /// Its bytes.
    pub at: Range<usize>,
    /// What takes their place.
    pub new_text: String,
}
