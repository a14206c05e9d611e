//! What a computer is told when it asks (DLV-1, DLV-3), and where it finds a package's files (DLV-1, PKG-6, PKG-7).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::fleet::assign::Assigned;
use crate::server::app::fleet::assign::Assignments;
use crate::server::app::fleet::assign::Part;
use crate::server::app::fleet::line::Computer;
use crate::server::app::fleet::members::Members;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::package::Source;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::ComputerRow;
use crate::server::store::fleet::SnapshotRow;
use crate::server::store::fleet::ToldRow;
use crate::server::store::items;

/// A job came.
pub const NEW_JOB: &str = "New Job";
/// A job changed.
pub const JOB_UPDATED: &str = "Job Updated";
/// A job went.
pub const JOB_REMOVED: &str = "Job Removed";
/// A job started.
pub const JOB_ACTIVATED: &str = "Job Activated";
/// A download ended.
pub const DOWNLOAD_COMPLETE: &str = "Download Complete";
/// A package came.
pub const NEW_PACKAGE: &str = "New Package";
/// A package changed.
pub const PACKAGE_UPDATED: &str = "Package Updated";
/// A package was deleted from the cache.
pub const PACKAGE_REMOVED: &str = "Package Removed";
/// A package is needed no longer.
pub const PACKAGE_TO_BE_REMOVED: &str = "Package To Be Removed";

/// Every kind of status event (DLV-3), and whether it is of the package class (PUR-2).
pub const EVENTS: [(&str, bool); 10] = [
    (NEW_JOB, false),
    (JOB_UPDATED, false),
    (DOWNLOAD_COMPLETE, true),
    (JOB_ACTIVATED, false),
    (JOB_REMOVED, false),
    (NEW_PACKAGE, true),
    (PACKAGE_REMOVED, true),
    (PACKAGE_TO_BE_REMOVED, true),
    (PACKAGE_UPDATED, true),
    ("Unable to check package", true),
];

/// Where the files of a package are, and what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Files {
    /// Where agents find them.
    pub codebases: Vec<String>,
    /// What the distribution point has; null before its first update.
    pub snapshot: Option<Snapshot>,
}

/// What the distribution point has of a package (PKG-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Snapshot {
    /// How large its files are.
    pub bytes: u64,
    /// Their digest.
    pub hash: String,
}

/// The addresses of a package's files: those of its source (PKG-2).
pub(in crate::server::app) fn codebases(package: &Package) -> Vec<String> {
    match &package.source {
        Source::None {} => Vec::new(),
        Source::Local { path } | Source::Unc { path } => vec![path.clone()],
        Source::Url { url, directory } => vec![url.clone(), directory.clone()],
    }
}

/// The package with this GUID, if it is one.
pub(super) fn package(sql: &Connection, guid: Guid) -> Result<Option<Package>, StoreError> {
    let Some(json) = items::json(sql, guid)? else { return Ok(None) };
    match Item::stored(&json)?.spec {
        Spec::Package(package) => Ok(Some(package)),
        _ => Ok(None),
    }
}

/// What the distribution point has of a package.
pub(in crate::server::app) fn snapshot(sql: &Connection, package: Guid) -> Result<Option<SnapshotRow>, StoreError> {
    fleet::known_subject(sql, package)?.map_or(Ok(None), |id| fleet::snapshot(sql, id))
}

/// The computer with this GUID.
pub(super) fn computer(sql: &Connection, guid: Guid) -> Result<ComputerRow, Refused> {
    let missing = || Refused::new(Code::NotFound, "there is no computer with this GUID").with("guid", guid.to_string());
    fleet::computer(sql, guid)?.ok_or_else(missing)
}

/// What a computer gets, in the order of the assignments. A retired one gets nothing.
pub(super) fn assigned_to<'a>(
    sql: &Connection,
    row: &ComputerRow,
    assignments: &'a Assignments,
    members: &Members,
) -> Result<Vec<&'a Assigned>, StoreError> {
    let place = members.numbers.of_guid(row.guid).filter(|_| !row.retired);
    let mut assigned = Vec::new();
    for one in &assignments.assigned {
        let reaches = place.is_some_and(|place| members.any_holds(&one.collections, place));
        // TSK-10: what left the computer after its success does not come back.
        if reaches && !(one.leaves_after_success && fleet::has_succeeded(sql, row.id, one.guid)?) {
            assigned.push(one);
        }
    }
    Ok(assigned)
}

impl App {
    /// Tells a computer its policy, and notes that it asked at `at`, on its own clock.
    ///
    /// # Errors
    /// `not_found`.
    pub fn policy(
        &self,
        caller: &Caller,
        request: &[u8],
        guid: Guid,
        at: Timestamp,
        limits: &Limits,
    ) -> Result<(Kept, bool), Refused> {
        let assignments = self.assignments()?;
        let members = self.members(limits)?;
        let zone = self.zone()?;
        self.write(caller, request, Fence::Free, |writer| {
            let row = ComputerRow { last_seen: Some(at.to_string()), ..computer(writer.sql, guid)? };
            let assigned = assigned_to(writer.sql, &row, &assignments, &members)?;
            fleet::seen(writer.sql, row.id, &at.to_string())?;
            fleet::bump(writer.sql, fleet::SEEN)?;
            fleet::bump(writer.sql, fleet::REVISION)?;
            writer.tell(row.id, &assigned, &assignments, at)?;
            let plugin = fleet::has_plugin(writer.sql, row.id)?;
            let body = answer(&Computer::of(row)?, &zone, &assigned, &assignments, plugin);
            Ok(Kept { status: 200, etag: None, body })
        })
    }

    /// Where a computer finds the files of a package (DLV-1).
    ///
    /// # Errors
    /// `not_found`.
    pub fn files(&self, guid: Guid, of: Guid) -> Result<Files, Refused> {
        self.store().read(|sql| {
            computer(sql, guid)?;
            let missing =
                || Refused::new(Code::NotFound, "there is no package with this GUID").with("guid", of.to_string());
            let package = package(sql, of)?.ok_or_else(missing)?;
            let row = snapshot(sql, of)?;
            // PKG-7: agents look where the files were at the last update of the distribution point.
            let kept = row.as_ref().and_then(|row| row.codebases.as_deref());
            let codebases = match kept {
                Some(list) => serde_json::from_str(list).map_err(|_| StoreError::Corrupt { what: "codebase" })?,
                None => codebases(&package),
            };
            Ok(Files { codebases, snapshot: row.map(|row| Snapshot { bytes: row.bytes, hash: row.hash }) })
        })
    }
}

impl Writer<'_> {
    /// Notes what a computer is told, and what is new to it (DLV-3).
    fn tell(
        &self,
        computer: i64,
        assigned: &[&Assigned],
        assignments: &Assignments,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut told: BTreeMap<i64, ToldRow> =
            fleet::told(self.sql, computer)?.into_iter().map(|row| (row.subject, row)).collect();
        let at_ms = at.as_millisecond();
        for job in assigned.iter().filter(|assigned| assigned.is_job()) {
            let subject = fleet::subject(self.sql, job.guid)?;
            let row = ToldRow { subject, kind: job.kind.name().to_owned(), revision: job.revision };
            let event = match told.remove(&subject) {
                Some(before) if before == row => continue,
                Some(_) => JOB_UPDATED,
                None => NEW_JOB,
            };
            fleet::tell(self.sql, computer, &row)?;
            fleet::add_event(self.sql, computer, event, false, Some(subject), None, at_ms)?;
        }
        let packages: BTreeSet<Guid> =
            assigned.iter().flat_map(|assigned| &assigned.uses).map(|(one, _)| *one).collect();
        for guid in packages {
            let subject = fleet::subject(self.sql, guid)?;
            let revision = assignments.packages.get(&guid).map_or(0, |part| part.revision);
            let row = ToldRow { subject, kind: Kind::Package.name().to_owned(), revision };
            let event = match told.remove(&subject) {
                Some(before) if before == row => continue,
                Some(_) => PACKAGE_UPDATED,
                None => NEW_PACKAGE,
            };
            fleet::tell(self.sql, computer, &row)?;
            fleet::add_event(self.sql, computer, event, true, None, Some(subject), at_ms)?;
        }
        for (subject, row) in told {
            fleet::untell(self.sql, computer, subject)?;
            if row.kind == Kind::Package.name() {
                fleet::add_event(self.sql, computer, PACKAGE_TO_BE_REMOVED, true, None, Some(subject), at_ms)?;
            } else {
                fleet::add_event(self.sql, computer, JOB_REMOVED, false, Some(subject), None, at_ms)?;
            }
        }
        Ok(())
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("an answer has text keys and whole numbers only")
}

/// The answer, put together from what every item looks like already.
fn answer(computer: &Computer, zone: &str, assigned: &[&Assigned], assignments: &Assignments, plugin: bool) -> String {
    let uses = || assigned.iter().flat_map(|assigned| assigned.uses.iter());
    let packages: BTreeSet<Guid> = uses().map(|(package, _)| *package).collect();
    let programs: BTreeSet<Guid> = uses().map(|(_, program)| *program).collect();
    let assigned = assigned.iter().map(|one| one.json.as_str()).collect::<Vec<_>>().join(",");
    let of = |guids: &BTreeSet<Guid>, all: &BTreeMap<Guid, Part>| {
        guids.iter().filter_map(|guid| all.get(guid)).map(|part| part.json.as_str()).collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"computer":{},"serverZone":{},"assigned":[{assigned}],"packages":[{}],"programs":[{}],"plugin":{plugin}}}"#,
        json(computer),
        json(&zone),
        of(&packages, &assignments.packages),
        of(&programs, &assignments.programs),
    )
}
