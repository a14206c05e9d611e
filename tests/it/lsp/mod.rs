//! Editors: the schemas in the language server that they use for YAML, and a server of our own.

mod client;
mod own;
mod yaml;
