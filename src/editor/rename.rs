//! Another name for an item, everywhere.

use super::Change;
use super::Names;
use crate::check::refused_name;
use crate::diag::Sources;
use crate::diag::called;
use crate::diag::visible;
use crate::manifest;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// Why an item cannot be called so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// No manifest declares it.
    #[error("no manifest declares the {0}; mend the name where it is used")]
    NotDeclared(String),
    /// The project says that others look after it.
    #[error("no manifest declares the {0}; what others look after is renamed by them")]
    External(String),
    /// A folder that is there because items lie in it.
    #[error(
        "no manifest declares the {0}, it is made because items lie in it; write another path into their \
         `metadata.folder`, or declare it with a manifest of kind Folder and rename that"
    )]
    Made(String),
    /// Several do.
    #[error("{0} is declared more than once; mend that first")]
    Twice(String),
    /// `validate` would refuse the name.
    #[error("the name {problem} ({rule}); {help}")]
    Unfit {
        /// What is wrong with it.
        problem: &'static str,
        /// The rule's ID.
        rule: &'static str,
        /// What to do.
        help: &'static str,
    },
    /// A name is the same on all servers.
    #[error("the name holds a variable, and is the same on every server; write it out")]
    Variable,
    /// Another item has the name.
    #[error("there is a {0} already; servers do not tell names apart by case")]
    Taken(String),
    /// Another item was called so, and takes what is found under that name on a server.
    #[error("{0} was called so before, and keeps that name as an alias")]
    Earlier(String),
    /// A variable is part of a name that would have to change.
    #[error("`{0}` names it with a variable; change that first")]
    Computed(String),
    /// A place names it and another program, since overlays change the package beside it.
    #[error(
        "`{0}` names it and, where an overlay sets another package, that package's program too; \
         write `program` beside `package` in the overlay first"
    )]
    Shared(String),
    /// No edit leaves all else as it is.
    #[error("`{0}` cannot be changed with everything else in it kept; rename it there by hand")]
    NoEdit(String),
}

/// What to change so that an item is called otherwise wherever it is declared, overlaid and used. Its name of today
/// becomes an alias, so that it keeps its GUID on servers. Of a folder `to` is the last part of the path.
///
/// # Errors
/// When the name cannot be had, or cannot be written everywhere.
pub fn rename(sources: &Sources, names: &Names, key: &ItemKey, to: &str) -> Result<Vec<Change>, RenameError> {
    fit(key, to)?;
    let named = Named::Item(key.clone());
    let n_declared = names.places(&named).filter(|(_, spot)| spot.role == Role::Declared).count();
    match n_declared {
        0 => return Err(not_declared(names, key)),
        1 => {}
        _ => return Err(RenameError::Twice(called(key))),
    }
    let new = match key.name.rsplit_once('/') {
        Some((above, _)) if key.kind == Kind::Folder => ItemKey { name: format!("{above}/{to}"), ..key.clone() },
        _ => ItemKey { name: to.to_owned(), ..key.clone() },
    };
    if new == *key {
        return Ok(Vec::new());
    }
    let lower = new.name.to_lowercase();
    let is_taken = |other: &&ItemKey| {
        *other != key && other.kind == key.kind && other.package == key.package && other.name.to_lowercase() == lower
    };
    if let Some(other) = names.declared().find(is_taken) {
        return Err(RenameError::Taken(called(other)));
    }
    let earlier = names.places(&Named::Item(new)).find_map(|(_, spot)| {
        let owner = spot.owner.as_ref().filter(|owner| spot.role == Role::Earlier && *owner != key);
        owner.cloned()
    });
    if let Some(other) = earlier {
        return Err(RenameError::Earlier(called(&other)));
    }
    let path = |source| visible(sources.path(source).as_str()).into_owned();
    if let Some((source, _)) = names.places(&named).find(|(_, spot)| spot.is_computed) {
        return Err(RenameError::Computed(path(source)));
    }
    if let Some(source) = names.shared(&named) {
        return Err(RenameError::Shared(path(source)));
    }
    let mut changes = Vec::new();
    for (source, sort) in names.files_with(key) {
        let edits = manifest::renamed(sources.text(source), source, sort, names.packages(), key, to);
        let edits = edits.ok_or_else(|| RenameError::NoEdit(path(source)))?;
        changes.extend(edits.into_iter().map(|(at, new_text)| Change { source, at, new_text }));
    }
    Ok(changes)
}

/// Why no manifest can be changed for it.
pub fn not_declared(names: &Names, key: &ItemKey) -> RenameError {
    let is_external = names.places(&Named::Item(key.clone())).any(|(_, spot)| spot.role == Role::External);
    match key.kind {
        _ if is_external => RenameError::External(called(key)),
        Kind::Folder => RenameError::Made(called(key)),
        _ => RenameError::NotDeclared(called(key)),
    }
}

/// Whether `validate` would take a name (MAN-14, TSK-1).
fn fit(key: &ItemKey, to: &str) -> Result<(), RenameError> {
    if let Some((rule, problem, help)) = refused_name(key.kind, to) {
        return Err(RenameError::Unfit { problem, rule: rule.id, help });
    }
    if to.contains("${{") { Err(RenameError::Variable) } else { Ok(()) }
}
