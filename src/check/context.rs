//! What every check looks at, and where it reports.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Origins;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Project;
use crate::model::site::Site;
use crate::model::units::Duration;
use crate::rules::Rule;

/// A site with its places, and the findings so far.
pub(super) struct Context<'a> {
    pub(super) site: &'a Site,
    pub(super) origins: &'a Origins,
    pub(super) found: Diagnostics,
    pub(super) project: &'a Project,
    externals: BTreeSet<(Kind, &'a str)>,
    unread: &'a BTreeSet<ItemKey>,
}

impl<'a> Context<'a> {
    pub(super) fn new(loaded: &'a Loaded, project: &'a Project) -> Self {
        let externals = project
            .externals
            .iter()
            .flat_map(|(kind, names)| names.iter().map(|name| (*kind, name.as_str())))
            .collect();
        Self {
            site: &loaded.site,
            origins: &loaded.origins,
            found: Diagnostics::new(),
            project,
            externals,
            unread: &loaded.unread,
        }
    }

    /// Reports a finding on a value; `pointer` is below the item's `spec`, without a leading `/`.
    pub(super) fn value(
        &mut self,
        rule: &'static Rule,
        key: &ItemKey,
        pointer: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let at = self.origins.value(key, pointer);
        self.found.push(Diagnostic::error(rule, at, message).help(help));
    }

    /// Whether others look after an item of this name.
    pub(super) fn is_external(&self, key: &ItemKey) -> bool {
        match &key.package {
            // An external package's programs are known to the server alone.
            Some(package) => {
                self.externals.contains(&(Kind::Package, package.as_str()))
                    || self.externals.contains(&(Kind::Program, format!("{package}/{}", key.name).as_str()))
            }
            None => self.externals.contains(&(key.kind, key.name.as_str())),
        }
    }

    /// Whether a manifest declares it, one that could not be read perhaps, or others look after it.
    pub(super) fn exists(&self, key: &ItemKey) -> bool {
        let is_unread = || match &key.package {
            Some(package) => self.unread.contains(&ItemKey::new(Kind::Package, package)),
            None => self.unread.contains(key),
        };
        self.site.items.contains_key(key) || self.is_external(key) || (!self.unread.is_empty() && is_unread())
    }

    /// The names of a kind that a manifest may refer to; of programs, those of one package.
    pub(super) fn names(&self, kind: Kind, package: Option<&str>) -> Vec<&'a str> {
        let declared = self
            .site
            .items
            .keys()
            .filter(move |key| key.kind == kind && key.package.as_deref() == package)
            .map(|key| key.name.as_str());
        let external = self.externals.iter().filter(|(of, _)| *of == kind && package.is_none()).map(|(_, name)| *name);
        declared.chain(external).collect()
    }

    /// A duration must be whole minutes, which is all that servers keep.
    pub(super) fn whole_minutes(&mut self, rule: &'static Rule, item: &Item, pointer: &str, duration: Duration) {
        if duration.whole_minutes().is_none() {
            let up = duration.as_seconds().div_ceil(60);
            self.value(
                rule,
                &item.key,
                pointer,
                format!("`{}: {duration}` is not whole minutes", field(pointer)),
                format!("servers keep whole minutes; write `{}`", Duration::minutes(up)),
            );
        }
    }
}

/// The last part of a pointer.
fn field(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or(pointer)
}
