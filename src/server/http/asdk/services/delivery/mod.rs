//! The services of software delivery: packages, programs, tasks, policies, the portal, jobs, patch, reports.

use crate::server::http::asdk::table::Service;

/// Every one of them.
pub(super) const SERVICES: &[&Service] = &[];
