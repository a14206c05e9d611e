//! Items as messages name them.

use crate::diag::visible;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// A kind in words: `sequential task`.
pub const fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "folder",
        Kind::Package => "package",
        Kind::Program => "program",
        Kind::Task => "task",
        Kind::SequentialTask => "sequential task",
        Kind::Collection => "collection",
        Kind::MaintenanceWindow => "maintenance window",
        Kind::PortalDefaults => "portal defaults",
        Kind::PortalSettings => "portal settings",
        Kind::DeliveryPolicy => "delivery policy",
        Kind::AgentSettings => "agent settings",
        Kind::PatchPlugin => "patch plug-in policy",
        Kind::PurgeSettings => "purge settings",
    }
}

/// An item as a message names it, safe to show: its kind in words and its name; a program with its package.
pub fn called(key: &ItemKey) -> String {
    match &key.package {
        Some(package) => format!("program `{}` of package `{}`", visible(&key.name), visible(package)),
        None => format!("{} `{}`", kind_in_words(key.kind), visible(&key.name)),
    }
}
