//! Findings: what is wrong, where, why and how to mend it; and the texts they point into.
//!
//! Everything that looks at the user's files reports [`Diagnostic`]s and goes on, so that one pass finds all. How they
//! are printed is decided in `report`. Texts from files and servers reach people only through [`visible`].

mod called;
mod finding;
mod loaded;
mod nearest;
mod source;
mod visible;

pub use called::called;
pub use called::kind_in_words;
pub use finding::Diagnostic;
pub use finding::Diagnostics;
pub use finding::Edit;
pub use finding::Fix;
pub use finding::Location;
pub use finding::Part;
pub use finding::Wanted;
pub use loaded::Loaded;
pub use loaded::Origin;
pub use loaded::Origins;
pub use loaded::Overlaid;
pub use nearest::did_you_mean;
pub use nearest::nearest;
pub use source::Position;
pub use source::SourceId;
pub use source::SourceText;
pub use source::Sources;
pub use visible::is_hidden;
pub use visible::visible;
pub use visible::visible_at_start;
pub use visible::visible_json;
