//! Every service, and what handles its methods.

use crate::server::http::asdk::table::Service;

pub mod collection;
pub mod delivery;
mod details;
pub mod item;
pub mod resource;
pub mod scoping;
pub mod security;

/// The services of items, collections, targets, resources and roles.
const PLATFORM: &[&Service] = &[
    &item::SERVICE,
    &collection::SERVICE,
    &scoping::SERVICE,
    &resource::SERVICE,
    &security::SERVICE,
    &resource::MODEL,
    &item::MODEL,
];

/// Every service.
pub fn all() -> impl Iterator<Item = &'static Service> {
    PLATFORM.iter().chain(delivery::SERVICES).copied()
}

/// The service in this virtual directory of this name, case apart.
pub fn find(directory: &str, name: &str) -> Option<&'static Service> {
    all().find(|one| one.area.directory().eq_ignore_ascii_case(directory) && one.name.eq_ignore_ascii_case(name))
}
