//! What people and programs read: the same plan, drift or report as text and as JSON. Nothing is computed or dropped
//! here; texts from manifests and servers are made visible (`diag::visible`) before they are shown.

pub mod apply;
pub mod computer;
pub mod diagnostics;
pub mod drift;
pub mod forecast;
pub mod paint;
pub mod plan;
pub mod view;
