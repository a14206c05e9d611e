//! What people and programs read. A plan, a drift, findings or the outcome of an apply become one [`view::View`], and
//! every format is made of it ([`render::render`]). Nothing is judged or dropped here; texts from manifests and servers
//! are made harmless ([`escape`]) for where they are shown.

pub mod alert;
pub mod apply;
pub mod azure;
pub mod budget;
pub mod computer;
pub mod diagnostics;
pub mod diff;
pub mod drift;
pub mod escape;
pub mod forecast;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod paint;
pub mod plan;
pub mod portal;
pub mod prometheus;
pub mod refs;
pub mod render;
pub mod sarif;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wrap;
