//! Making, changing and removing items.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::audit::Action;
use crate::server::app::audit_of;
use crate::server::app::built_in;
use crate::server::app::digest_of;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::RunWith;
use crate::server::app::usage::unknown_reference;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::items;
use crate::server::store::portal;
use crate::server::store::refs;

/// The longest name, in characters.
pub(super) const NAME_MAX: usize = 255;

/// How many folders a folder may lie within. The adapters follow as many; one more made the whole state unreadable.
const FOLDERS_ABOVE_MAX: u64 = 64;
/// How often a password's digest is digested again, so that guessing one costs.
const ROUNDS: usize = 4096;

/// An item to be made.
#[derive(Debug)]
pub struct Draft {
    /// Its kind.
    pub kind: Kind,
    /// The rest of it.
    pub body: Body,
    /// The package of a program.
    pub package: Option<Guid>,
}

/// What an item is to be, whole.
#[derive(Debug)]
pub struct Body {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: Option<Guid>,
    /// Its attributes; `None`: those it has, or none.
    pub attributes: Option<BTreeSet<Attribute>>,
    /// What it says.
    pub spec: Value,
}

/// What became of an item that was written.
#[derive(Debug)]
pub struct Written {
    /// The item now.
    pub item: Item,
    /// What was done.
    pub action: Action,
}

/// A name is 1 to 255 characters, none of them a control character.
///
/// # Errors
/// `invalid`.
pub fn check_name(name: &str) -> Result<(), Refused> {
    if name.trim().is_empty() {
        return Err(Refused::invalid("name", "a name is not empty"));
    }
    if name.chars().count() > NAME_MAX {
        return Err(Refused::invalid("name", format!("a name has at most {NAME_MAX} characters")));
    }
    if name.chars().any(char::is_control) {
        return Err(Refused::invalid("name", "a name has no control characters"));
    }
    Ok(())
}

impl Writer<'_> {
    /// Makes an item.
    ///
    /// # Errors
    /// `revision_moved` when one of that kind and name is there; `invalid`, `unknown_reference`, `protected`.
    pub fn create(&mut self, draft: Draft) -> Result<Item, Refused> {
        self.create_as(draft, None)
    }

    /// Makes an item, with this GUID if one is given.
    ///
    /// # Errors
    /// As [`Self::create`]; and `revision_moved` when an item has that GUID.
    pub(super) fn create_as(&mut self, draft: Draft, guid: Option<Guid>) -> Result<Item, Refused> {
        let Draft { kind, body, package } = draft;
        if kind.is_singleton() || kind == Kind::StepTask {
            let why = "the server has what there is of this kind";
            return Err(Refused::new(Code::Protected, why).with("field", "kind"));
        }
        check_name(&body.name)?;
        let spec = Spec::parse(kind, &body.spec)?;
        let (folder, package) = self.place(kind, body.folder, package)?;
        let container = package.or(folder);
        if let Some(guid) = items::at_place(self.sql, kind.name(), container, &body.name)? {
            return Err(Refused::new(Code::RevisionMoved, "an item of this kind and name is there")
                .with("guid", guid.to_string()));
        }
        if let Some(guid) = guid
            && items::named(self.sql, guid)?.is_some()
        {
            return Err(
                Refused::new(Code::RevisionMoved, "an item of this GUID is there").with("guid", guid.to_string())
            );
        }
        if kind == Kind::Folder {
            self.check_depth(folder, 0)?;
        }
        self.check_references(&spec)?;
        let mut item = Item {
            guid: guid.unwrap_or_else(|| self.ids.guid()),
            kind,
            name: body.name,
            folder,
            package,
            attributes: body.attributes.unwrap_or_default(),
            revision: self.next(),
            created_at: self.now,
            modified_at: self.now,
            spec,
        };
        check_folder_name(&item)?;
        let secret = self.take_password(None, &mut item)?;
        items::insert(self.sql, &item.row("{}"))?;
        let (guid, revision) = (item.guid, item.revision);
        if let Spec::SequentialTask(spec) = &mut item.spec {
            self.make_steps(guid, spec, revision)?;
        }
        items::update(self.sql, &item.row(&item.to_json()))?;
        self.keep_password(&item, secret)?;
        self.place_references(&item)?;
        self.sync_references(&item)?;
        let mut did = audit_of(Action::Create, &item);
        did.revision_after = Some(item.revision);
        self.audit(did)?;
        Ok(item)
    }

    /// Makes an item what `body` says. A sequential task with another list of steps gets a new GUID (SEQ-1). What is
    /// so already is not written.
    ///
    /// # Errors
    /// `not_found`, `revision_moved`, `protected`, `invalid`, `unknown_reference`, `cycle`.
    pub fn update(&mut self, guid: Guid, revision: Revision, body: Body) -> Result<Written, Refused> {
        let before = self.expect(guid, revision)?;
        if before.kind == Kind::StepTask {
            return Err(Refused::new(Code::Protected, "step tasks are kept by the server"));
        }
        check_name(&body.name)?;
        let spec = Spec::parse(before.kind, &body.spec)?;
        let attributes = body.attributes.unwrap_or_else(|| before.attributes.clone());
        let after = Item { name: body.name, folder: body.folder, attributes, spec, ..before.clone() };
        self.become_item(before, after)
    }

    /// Makes an item what `change` makes of it, at whatever revision it has.
    ///
    /// # Errors
    /// As [`Self::update`], but for `revision_moved`; and what `change` returns.
    pub(super) fn edit(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut Item) -> Result<(), Refused>,
    ) -> Result<Written, Refused> {
        let before = find(self.sql, guid)?;
        if before.kind == Kind::StepTask {
            return Err(Refused::new(Code::Protected, "step tasks are kept by the server"));
        }
        let mut after = before.clone();
        change(&mut after)?;
        check_name(&after.name)?;
        after.spec = after.spec.checked()?;
        self.become_item(before, after)
    }

    /// Makes an item another; only what may change is looked at in `after`.
    fn become_item(&mut self, before: Item, after: Item) -> Result<Written, Refused> {
        let guid = before.guid;
        let (folder, package) = if before.kind.is_singleton() {
            (after.folder, None)
        } else {
            self.place(before.kind, after.folder, before.package)?
        };
        let mut after = Item {
            name: after.name,
            folder,
            package,
            attributes: after.attributes,
            spec: after.spec,
            ..before.clone()
        };
        let secret = self.take_password(Some(&before), &mut after)?;
        let same_list = keep_steps(&before, &mut after);
        if before == after && secret == Password::Kept {
            return self.unchanged(after);
        }
        self.check_change(&before, &after)?;
        after.revision = self.next();
        after.modified_at = self.now;
        if !same_list {
            self.replace(&before, &mut after)?;
        }
        items::update(self.sql, &after.row(&after.to_json()))?;
        self.keep_password(&after, secret)?;
        self.sync_references(&after)?;
        if before.folder != after.folder {
            if let Some(folder) = before.folder {
                refs::remove(self.sql, folder, after.guid, refs::FOLDER)?;
            }
            self.place_references(&after)?;
        }
        if after.kind == Kind::Program && before.name != after.name {
            self.rename_steps(&after)?;
        }
        let action = if same_list { Action::Update } else { Action::Replace };
        let mut did = audit_of(action, &after);
        did.guid = Some(guid.to_string());
        did.new_guid = (guid != after.guid).then_some(after.guid);
        did.revision_before = Some(before.revision);
        did.revision_after = Some(after.revision);
        self.audit(did)?;
        Ok(Written { item: after, action })
    }

    fn unchanged(&mut self, item: Item) -> Result<Written, Refused> {
        let mut did = audit_of(Action::Unchanged, &item);
        did.revision_before = Some(item.revision);
        did.revision_after = Some(item.revision);
        self.audit(did)?;
        Ok(Written { item, action: Action::Unchanged })
    }

    /// What a change must not do.
    fn check_change(&self, before: &Item, after: &Item) -> Result<(), Refused> {
        let built_in = built_in::is(before.guid);
        if built_in && before.attributes != after.attributes {
            return Err(
                Refused::new(Code::Protected, "the attributes of a built-in item stay").with("field", "attributes")
            );
        }
        if before.kind.is_singleton() && (before.name != after.name || after.folder.is_some()) {
            return Err(Refused::new(Code::Protected, "the server's own item keeps its name").with("field", "name"));
        }
        if before.attributes.contains(&Attribute::ReadOnly) {
            // Only who may hand out tokens may lift it, and nothing else in the same breath.
            let lifts = Item { attributes: after.attributes.clone(), ..before.clone() } == *after;
            if !lifts || self.caller.principal.role != Role::Administrator {
                return Err(Refused::new(Code::Protected, "the item is read-only").with("attribute", "readOnly"));
            }
        }
        if let Some(other) = items::at_place(self.sql, after.kind.name(), after.container(), &after.name)?
            && other != before.guid
        {
            return Err(
                Refused::invalid("name", "an item of this kind and name is there").with("guid", other.to_string())
            );
        }
        check_folder_name(after)?;
        if after.kind == Kind::Folder {
            self.check_not_within(before.guid, after.folder)?;
            if before.folder != after.folder {
                self.check_depth(after.folder, items::folders_below(self.sql, before.guid, FOLDERS_ABOVE_MAX)?)?;
            }
        }
        self.check_references(&after.spec)?;
        self.check_no_cycle(before.guid, &after.spec)
    }

    /// Gives a sequential task a new GUID, and new ones to those of its step tasks that it shares with nobody (SEQ-1,
    /// SEQ-8). What refers to it follows; the step tasks that were its alone stay behind (SEQ-7).
    fn replace(&self, before: &Item, after: &mut Item) -> Result<(), Refused> {
        let (Spec::SequentialTask(was), Spec::SequentialTask(is)) = (&before.spec, &mut after.spec) else {
            return Ok(());
        };
        self.abandon_steps(before.guid, was, after.revision)?;
        if self.keeps_sequence_guid {
            return self.make_steps(after.guid, is, after.revision);
        }
        after.guid = self.ids.guid();
        after.created_at = self.now;
        items::rename_guid(self.sql, before.guid, after.guid)?;
        portal::follow(self.sql, before.guid, after.guid)?;
        asdk::follow(self.sql, before.guid, after.guid)?;
        refs::touch(self.sql, after.guid, &self.now.to_string())?;
        self.make_steps(after.guid, is, after.revision)
    }

    /// Removes an item.
    ///
    /// # Errors
    /// `not_found`, `revision_moved`, `protected`, and `in_use` with its users.
    pub fn delete(&mut self, guid: Guid, revision: Revision) -> Result<(), Refused> {
        self.delete_alone(guid, revision)?;
        self.let_go(guid)
    }

    /// The same, and leaves what stands beside it as it is.
    pub(super) fn delete_alone(&mut self, guid: Guid, revision: Revision) -> Result<(), Refused> {
        let item = self.expect(guid, revision)?;
        if item.attributes.contains(&Attribute::ReadOnly) {
            return Err(Refused::new(Code::Protected, "the item cannot be changed").with("attribute", "readOnly"));
        }
        if item.kind.is_singleton() || item.kind == Kind::StepTask || item.attributes.contains(&Attribute::NoDelete) {
            return Err(Refused::new(Code::Protected, "the item cannot be deleted").with("attribute", "noDelete"));
        }
        self.check_unused(&item)?;
        let after = self.next();
        if let Spec::SequentialTask(spec) = &item.spec {
            self.abandon_steps(guid, spec, after)?;
        }
        if matches!(item.kind, Kind::Task | Kind::SequentialTask) {
            self.fail_request_of(guid)?;
        }
        // What is left: its folder and package, and step tasks without a sequence.
        refs::remove_to(self.sql, guid)?;
        items::delete(self.sql, guid)?;
        let mut did = audit_of(Action::Delete, &item);
        did.revision_before = Some(item.revision);
        Ok(self.audit(did)?)
    }

    /// The item, at the revision that the caller saw.
    fn expect(&self, guid: Guid, revision: Revision) -> Result<Item, Refused> {
        let item = find(self.sql, guid)?;
        if item.revision == revision {
            return Ok(item);
        }
        Err(Refused::new(Code::RevisionMoved, "the item changed since it was read")
            .with("revision", item.revision.to_string())
            .with("guid", guid.to_string()))
    }

    /// Where an item of a kind belongs: programs in their package and the hidden programs folder (PRG-13), the rest in
    /// a folder, or at the top.
    fn place(
        &self,
        kind: Kind,
        folder: Option<Guid>,
        package: Option<Guid>,
    ) -> Result<(Option<Guid>, Option<Guid>), Refused> {
        let is = |guid: Guid, kind: Kind| -> Result<bool, Refused> {
            Ok(items::named(self.sql, guid)?.is_some_and(|item| item.kind == kind.name()))
        };
        match (kind, package) {
            (Kind::Program, None) => {
                Err(Refused::invalid("package", "a program belongs to a package").with("rule", "PRG-13"))
            }
            (Kind::Program, Some(package)) => {
                if folder.is_some_and(|folder| folder != Guid::PROGRAMS_FOLDER) {
                    let why = "a program lives in the hidden programs folder";
                    return Err(Refused::invalid("folder", why).with("rule", "PRG-13"));
                }
                if !is(package, Kind::Package)? {
                    return Err(unknown_reference("package", package, Kind::Package.name()));
                }
                Ok((Some(Guid::PROGRAMS_FOLDER), Some(package)))
            }
            (_, Some(_)) => Err(Refused::invalid("package", "only a program belongs to a package")),
            (_, None) => match folder {
                Some(folder) if !is(folder, Kind::Folder)? => {
                    Err(unknown_reference("folder", folder, Kind::Folder.name()))
                }
                _ => Ok((folder, None)),
            },
        }
    }

    /// The rows of the folder and package that hold the item.
    pub(super) fn place_references(&self, item: &Item) -> Result<(), StoreError> {
        let now = self.now.to_string();
        if let Some(folder) = item.folder {
            refs::add(self.sql, folder, item.guid, refs::FOLDER, &now)?;
        }
        if let Some(package) = item.package {
            refs::add(self.sql, package, item.guid, refs::PROGRAM, &now)?;
        }
        Ok(())
    }

    fn check_not_within(&self, folder: Guid, parent: Option<Guid>) -> Result<(), Refused> {
        let mut at = parent;
        while let Some(above) = at {
            if above == folder {
                return Err(Refused::new(Code::Cycle, "the folder would be within itself").with("field", "folder"));
            }
            at = items::named(self.sql, above)?.and_then(|item| item.folder);
        }
        Ok(())
    }

    /// That a folder with so many levels of folders below it, and in this one, lies not deeper than its readers follow.
    pub(super) fn check_depth(&self, parent: Option<Guid>, below: u64) -> Result<(), Refused> {
        let (mut at, mut levels) = (parent, below);
        while let Some(above) = at {
            levels += 1;
            if levels > FOLDERS_ABOVE_MAX {
                let why = format!("a folder lies within at most {FOLDERS_ABOVE_MAX} others");
                return Err(Refused::invalid("folder", why));
            }
            at = items::named(self.sql, above)?.and_then(|item| item.folder);
        }
        Ok(())
    }

    /// Takes the password out of what was sent, and says what is to become of the one that is there.
    fn take_password(&self, before: Option<&Item>, after: &mut Item) -> Result<Password, Refused> {
        let there = match before {
            Some(item) => items::secret(self.sql, item.guid)?,
            None => None,
        };
        let Spec::Program(program) = &mut after.spec else { return Ok(Password::Kept) };
        let RunWith::Account { account, password, password_set, password_mark } = &mut program.run_with else {
            return Ok(if there.is_some() { Password::Gone } else { Password::Kept });
        };
        let sent = password.take();
        // A password is that of an account: another one never gets it.
        let is_of_another = before.is_some_and(|before| !runs_as(before, account));
        *password_set = sent.is_some() || (there.is_some() && !is_of_another);
        let Some(sent) = sent else {
            // A mark is that of a password: it stays with the one that stays, and goes with the one that goes.
            *password_mark = before.filter(|_| *password_set).and_then(mark_of);
            return Ok(if there.is_some() && is_of_another { Password::Gone } else { Password::Kept });
        };
        if let Some(there) = there.filter(|_| !is_of_another)
            && stretched(&there.salt, sent.expose()) == there.digest.as_slice()
        {
            return Ok(Password::Kept);
        }
        let salt = self.ids.secret();
        let digest = stretched(&salt, sent.expose());
        Ok(Password::New { salt, digest })
    }

    fn keep_password(&self, item: &Item, password: Password) -> Result<(), StoreError> {
        match password {
            Password::Kept => Ok(()),
            Password::Gone => items::set_secret(self.sql, item.guid, None),
            Password::New { salt, digest } => items::set_secret(self.sql, item.guid, Some((&salt, &digest))),
        }
    }
}

/// Whether a program runs as this account. Case is no part of an account's name.
fn runs_as(item: &Item, account: &str) -> bool {
    match &item.spec {
        Spec::Program(program) => match &program.run_with {
            RunWith::Account { account: own, .. } => own.eq_ignore_ascii_case(account),
            RunWith::System {} | RunWith::LoggedOnUser {} => false,
        },
        _ => false,
    }
}

/// The mark beside a program's password.
fn mark_of(item: &Item) -> Option<String> {
    match &item.spec {
        Spec::Program(program) => match &program.run_with {
            RunWith::Account { password_mark, .. } => password_mark.clone(),
            RunWith::System {} | RunWith::LoggedOnUser {} => None,
        },
        _ => None,
    }
}

/// What becomes of a program's password.
#[derive(PartialEq, Eq)]
enum Password {
    Kept,
    Gone,
    New { salt: [u8; 32], digest: [u8; 32] },
}

pub(super) fn stretched(salt: &[u8], password: &str) -> [u8; 32] {
    let mut digest = digest_of(&[salt, password.as_bytes()]);
    for _ in 1..ROUNDS {
        digest = digest_of(&[&digest, salt]);
    }
    digest
}

/// The item with this GUID.
pub(super) fn find(sql: &Connection, guid: Guid) -> Result<Item, Refused> {
    match items::json(sql, guid)? {
        Some(json) => Ok(Item::stored(&json)?),
        None => Err(missing(sql, guid)?),
    }
}

/// That there is no such item; and which one took its place (SEQ-1).
pub(super) fn missing(sql: &Connection, guid: Guid) -> Result<Refused, StoreError> {
    let refused = Refused::new(Code::NotFound, "there is no item with this GUID").with("guid", guid.to_string());
    Ok(match items::replaced_by(sql, guid)? {
        Some(new) => refused.with("replacedBy", new.to_string()),
        None => refused,
    })
}

/// Where the list of steps is the same, gives the steps the tasks that they have; says whether it is.
fn keep_steps(before: &Item, after: &mut Item) -> bool {
    let (Spec::SequentialTask(was), Spec::SequentialTask(is)) = (&before.spec, &mut after.spec) else { return true };
    if !was.same_list(is) {
        return false;
    }
    for (was, is) in was.steps.iter().zip(&mut is.steps) {
        is.task = was.task;
    }
    true
}

/// A folder's name is one part of a path.
fn check_folder_name(item: &Item) -> Result<(), Refused> {
    if item.kind == Kind::Folder && item.name.contains('/') {
        return Err(Refused::invalid("name", "a folder's name is one part of a path, without `/`"));
    }
    Ok(())
}
