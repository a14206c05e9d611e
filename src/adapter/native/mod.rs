//! The reference server's own API, `/v1`.

pub mod agents;
pub mod client;
pub mod convert;
pub mod fleet;
pub mod lower;
mod runs;
mod specs;
pub mod stream;
pub mod wire;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
