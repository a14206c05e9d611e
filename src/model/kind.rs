//! What sorts of item there are, and how one is named.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// The kind of an item.
///
/// The order is that of the reference documentation, not that of an apply; for that see `plan::order`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A console folder; its name is its whole path.
    Folder,
    /// Files on a distribution point, and the programs that run them.
    Package,
    /// A command line of a package: an item of its own (PRG-13), written inside its package's manifest.
    Program,
    /// One program of one package for some collections (TSK-3); the vendor's *software delivery task*.
    Task,
    /// Several programs in a row (SEQ-1 … SEQ-9).
    SequentialTask,
    /// Computers, listed or found by a query (COL-1).
    Collection,
    /// When programs may start (MW-1 … MW-9).
    MaintenanceWindow,
    /// The rights that every program inherits (PTL-2).
    PortalDefaults,
    /// How the software portal shows itself (PTL-6).
    PortalSettings,
    /// A managed delivery policy: several resources and their restart (RST-1).
    DeliveryPolicy,
    /// Agent behaviour that changes delivery (altiris-domain §12).
    AgentSettings,
    /// Who is enrolled for patching, and so holds a licence (LIC-1).
    PatchPlugin,
    /// What the server forgets, and when (PUR-1 … PUR-3).
    PurgeSettings,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 13] = [
        Self::Folder,
        Self::Package,
        Self::Program,
        Self::Task,
        Self::SequentialTask,
        Self::Collection,
        Self::MaintenanceWindow,
        Self::PortalDefaults,
        Self::PortalSettings,
        Self::DeliveryPolicy,
        Self::AgentSettings,
        Self::PatchPlugin,
        Self::PurgeSettings,
    ];

    /// The kind as a manifest writes it, such as `SequentialTask`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "Folder",
            Self::Package => "Package",
            Self::Program => "Program",
            Self::Task => "Task",
            Self::SequentialTask => "SequentialTask",
            Self::Collection => "Collection",
            Self::MaintenanceWindow => "MaintenanceWindow",
            Self::PortalDefaults => "PortalDefaults",
            Self::PortalSettings => "PortalSettings",
            Self::DeliveryPolicy => "DeliveryPolicy",
            Self::AgentSettings => "AgentSettings",
            Self::PatchPlugin => "PatchPlugin",
            Self::PurgeSettings => "PurgeSettings",
        }
    }

    /// The kind as it stands in an item's address, such as `sequence` in `sequence/New desktop`.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Package => "package",
            Self::Program => "program",
            Self::Task => "task",
            Self::SequentialTask => "sequence",
            Self::Collection => "collection",
            Self::MaintenanceWindow => "window",
            Self::PortalDefaults => "portal-defaults",
            Self::PortalSettings => "portal-settings",
            Self::DeliveryPolicy => "policy",
            Self::AgentSettings => "agent-settings",
            Self::PatchPlugin => "patch-plugin",
            Self::PurgeSettings => "purge-settings",
        }
    }

    /// The kind with this address form; case-insensitive, the manifest's form is taken too.
    pub fn from_short(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.short().eq_ignore_ascii_case(text) || kind.name().eq_ignore_ascii_case(text))
    }

    /// Whether a server holds exactly one, which is never created nor deleted.
    pub const fn is_singleton(self) -> bool {
        matches!(self, Self::PortalDefaults | Self::PurgeSettings)
    }

    /// Whether it makes computers do something while enabled, so that it is enabled last and disabled first.
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Task
                | Self::SequentialTask
                | Self::DeliveryPolicy
                | Self::PortalSettings
                | Self::PatchPlugin
                | Self::AgentSettings
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no kind.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a kind")]
pub struct NotAKind(String);

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| NotAKind(text.to_owned()))
    }
}

/// What an item is called: its kind and name, and for a program the package it belongs to.
///
/// This is an item's identity in a project. Orders by kind, then package, then name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ItemKey {
    /// Its kind.
    pub kind: Kind,
    /// The package of a program; `None` for every other kind.
    pub package: Option<String>,
    /// Its name; a folder's is its path, with `/` between the parts.
    pub name: String,
}

impl ItemKey {
    /// The key of an item that is not a program.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, package: None, name: name.into() }
    }

    /// The key of a program.
    pub fn program(package: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: Kind::Program, package: Some(package.into()), name: name.into() }
    }

    /// Reads the form that [`Display`](fmt::Display) prints, `kind/name` or `program/package/name`.
    ///
    /// A package's name may hold a `/`: the last one parts a program from its package.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let kind = Kind::from_short(kind)?;
        if rest.is_empty() {
            return None;
        }
        if kind == Kind::Program {
            let (package, name) = rest.rsplit_once('/')?;
            return Some(Self::program(package, name));
        }
        Some(Self::new(kind, rest))
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.package {
            Some(package) => write!(f, "{}/{}/{}", self.kind.short(), package, self.name),
            None => write!(f, "{}/{}", self.kind.short(), self.name),
        }
    }
}

impl Serialize for ItemKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            kind: Kind,
            #[serde(skip_serializing_if = "Option::is_none")]
            package: Option<&'a str>,
            name: &'a str,
        }
        Form { kind: self.kind, package: self.package.as_deref(), name: &self.name }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ItemKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            kind: Kind,
            #[serde(default)]
            package: Option<String>,
            name: String,
        }
        let Form { kind, package, name } = Form::deserialize(deserializer)?;
        if package.is_some() != (kind == Kind::Program) {
            return Err(serde::de::Error::custom("a program, and only a program, names its package"));
        }
        Ok(Self { kind, package, name })
    }
}

#[cfg(test)]
mod tests {
    use super::ItemKey;
    use super::Kind;

    #[test]
    fn an_address_reads_back() {
        for key in [
            ItemKey::new(Kind::Task, "Install 7-Zip"),
            ItemKey::new(Kind::Folder, "Software Delivery/Windows"),
            ItemKey::program("A/B", "Install"),
        ] {
            assert_eq!(ItemKey::parse(&key.to_string()), Some(key));
        }
        assert_eq!(ItemKey::parse("nothing"), None);
        assert_eq!(ItemKey::parse("task/"), None);
    }
}
