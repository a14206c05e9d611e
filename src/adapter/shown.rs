//! A server's text in a message.

use crate::diag::visible;
use crate::sys::secrets;

/// The most of a server's text that a message repeats, in characters.
pub const SHOWN_MAX: usize = 500;

/// A server's text, cut to what a message repeats, with nothing in it that acts or begins a line, and no secret.
pub fn shown(text: &str) -> String {
    let text = &secrets::without(text);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text).into_owned(),
    }
}
