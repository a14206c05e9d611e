//! Packages, portal rights and the state of tasks on computers, as the older API changes and asks for them.

use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::program;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::wrong_type;
use crate::server::app::fleet::policy;
use crate::server::app::fleet::shown;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Assign;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Portal;
use crate::server::app::spec::parts::Right;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::LogFilter;

impl Writer<'_> {
    /// Makes an item of a class that one kind is of, and gives its GUID.
    ///
    /// # Errors
    /// As of a new item; `unknown_reference` for a folder that is not there.
    pub fn create_item_of(&mut self, class: Class, name: &str, folder: Guid, spec: &Value) -> Result<Guid, Refused> {
        let kind = class.kinds().next().ok_or_else(|| wrong_type(folder, class))?;
        let body = Body { name: name.to_owned(), folder: Some(folder), attributes: None, spec: spec.clone() };
        Ok(self.create(Draft { kind, body, package: None })?.guid)
    }

    /// Makes a package what `change` makes of its name, its folder and the rest of it.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no package; what `change` returns, and as of a change of the item.
    pub fn change_package(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut String, &mut Option<Guid>, &mut Package) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        entry::find_item(self.sql, guid, Class::Package)?;
        self.edit(guid, |item| match &mut item.spec {
            Spec::Package(spec) => change(&mut item.name, &mut item.folder, spec),
            _ => Err(wrong_type(guid, Class::Package)),
        })?;
        Ok(())
    }

    /// Gives a package these package servers, or with `None` all; and where they put it, if that is said.
    ///
    /// # Errors
    /// As [`Self::change_package`]; `unknown_reference` for a server that is no computer.
    pub fn set_package_servers(
        &mut self,
        guid: Guid,
        servers: Option<&[Guid]>,
        place: Option<&str>,
    ) -> Result<(), Refused> {
        let names = self.names_of(servers.unwrap_or_default())?;
        let all = servers.is_none();
        self.change_package(guid, |_, _, package| {
            package.package_servers.assign = if all { Assign::All } else { Assign::Servers };
            package.package_servers.names = names;
            if let Some(place) = place {
                place.clone_into(&mut package.package_server_folder);
            }
            Ok(())
        })
    }

    /// Brings what the distribution point says of a package's places to what the package says (PKG-7). Its files are where
    /// the server does not look: of those nothing new is known.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no package.
    pub fn update_distribution_point(&mut self, guid: Guid) -> Result<(), Refused> {
        let item = entry::find_item(self.sql, guid, Class::Package)?;
        let Spec::Package(package) = &item.spec else { return Err(wrong_type(guid, Class::Package)) };
        let Some(mut row) = policy::snapshot(self.sql, guid)? else { return Ok(()) };
        let places = serde_json::to_string(&policy::codebases(package)).expect("a list of texts is JSON");
        row.codebases = Some(places);
        row.changed_ms = self.now.as_millisecond();
        let subject = fleet::subject(self.sql, guid)?;
        fleet::put_snapshot(self.sql, subject, &row)?;
        Ok(fleet::bump(self.sql, fleet::REVISION)?)
    }

    /// Gives somebody a right of the portal on a program or a sequential task, or takes it away.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what has no such rights; `protected` for a right to take that is not there.
    pub fn set_portal_right(&mut self, guid: Guid, user: &str, right: Right, add: bool) -> Result<(), Refused> {
        let mut known = true;
        let mut change = |portal: &mut Portal| {
            let is_it = |grant: &Grant| grant.right == right && grant.principal.eq_ignore_ascii_case(user);
            let there = portal.grants.iter().any(is_it);
            match (add, there) {
                (true, false) => portal.grants.push(Grant { principal: user.to_owned(), right }),
                (false, true) => portal.grants.retain(|grant| !is_it(grant)),
                (true, true) => {}
                (false, false) => known = false,
            }
        };
        match self.entry(guid)? {
            entry if entry.class() == Class::Program => self.change_program(guid, |_, program| {
                change(&mut program.portal);
                Ok(())
            })?,
            Entry::Item(item) if matches!(item.spec, Spec::SequentialTask(_) | Spec::Folder(_)) => {
                self.edit(guid, |item| {
                    match &mut item.spec {
                        Spec::SequentialTask(spec) => change(&mut spec.portal),
                        Spec::Folder(spec) => change(&mut spec.portal),
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            _ => return Err(wrong_type(guid, Class::Program)),
        }
        if known {
            return Ok(());
        }
        Err(Refused::new(Code::Protected, "there is no such right of this user on the item").with("principal", user))
    }

    /// Adds a target to those of a policy, or takes it away.
    ///
    /// # Errors
    /// As of the assignment of targets; `protected` for a target to take that is not there.
    pub fn change_target(
        &mut self,
        policy: Guid,
        target: Guid,
        add: bool,
        collections_too: bool,
    ) -> Result<(), Refused> {
        let target = self.target_or_collection(target, collections_too)?;
        let mut targets = targets::of_policy(self.sql, &targets::policy_at(self.sql, policy)?)?;
        match (add, targets.contains(&target)) {
            (true, true) => return Ok(()),
            (true, false) => targets.push(target),
            (false, true) => targets.retain(|one| *one != target),
            (false, false) => {
                let why = "the policy has no such resource target";
                return Err(Refused::new(Code::Protected, why).with("guid", target.to_string()));
            }
        }
        self.assign_targets(policy, &targets, false)
    }
}

/// The last run of a task as a whole on a computer.
fn last_run(sql: &Connection, task: Guid, computer: Guid) -> Result<Option<fleet::LogRow>, Refused> {
    entry::find_item(sql, task, Class::Task)?;
    if fleet::computer(sql, computer)?.is_none() {
        let why = "there is no computer with this GUID";
        return Err(Refused::new(Code::NotFound, why).with("guid", computer.to_string()));
    }
    let filter = LogFilter { computer: Some(computer), task: Some(task), after: 0, limit: i64::MAX.unsigned_abs() };
    let rows = fleet::executions(sql, filter)?;
    Ok(rows.into_iter().rfind(|row| row.step.is_none()))
}

impl App {
    /// How a task went last on a computer, in the vendor's words (altiris-domain §10).
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no task.
    pub fn task_status(&self, task: Guid, computer: Guid) -> Result<&'static str, Refused> {
        let run = self.store().read(|sql| last_run(sql, task, computer))?;
        Ok(match run.and_then(|run| run.success) {
            Some(true) => "Command executed",
            Some(false) => "Exection Failed", // The vendor's spelling.
            None => "Status not found",
        })
    }

    /// When a task ran last on a computer; empty: never.
    ///
    /// # Errors
    /// As [`Self::task_status`].
    pub fn task_run_time(&self, task: Guid, computer: Guid) -> Result<String, Refused> {
        let run = self.store().read(|sql| last_run(sql, task, computer))?;
        match run {
            Some(run) => Ok(shown(run.at_ms)?.replacen('T', " ", 1).trim_end_matches('Z').to_owned()),
            None => Ok(String::new()),
        }
    }

    /// The computer of this name in this domain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn computer_named(&self, domain: &str, name: &str) -> Result<Option<Guid>, StoreError> {
        self.store().read(|sql| {
            let mut found = None;
            fleet::each_computer(sql, |row| {
                if row.name.eq_ignore_ascii_case(name) && row.domain.eq_ignore_ascii_case(domain) {
                    found = Some(row.guid);
                }
            })?;
            Ok(found)
        })
    }

    /// The name of a computer.
    ///
    /// # Errors
    /// `not_found`.
    pub fn computer_name(&self, computer: Guid) -> Result<String, Refused> {
        let row = self.store().read(|sql| fleet::computer(sql, computer))?;
        let missing = || Refused::new(Code::NotFound, "there is no computer with this GUID");
        Ok(row.ok_or_else(missing)?.name)
    }

    /// The portal rights that stand on a program itself.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no program.
    pub fn portal_of_program(&self, guid: Guid) -> Result<Portal, Refused> {
        self.store().read(|sql| Ok(program::find(sql, guid)?.spec.portal))
    }
}
