//! The wire by itself: texts in, values out; and whole calls with a made-up transport.

pub mod fake;

mod calls;
mod parses;
