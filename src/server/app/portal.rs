//! Requests of the software portal (PTL-4): who may ask at once, who waits for approval (`incidents`), and what the server
//! makes of a request: a hidden task for the one computer that asked. Of a program that is a task; of a sequential task,
//! which is asked for as a whole (SEQ-6), one with the same steps.
//!
//! Two requests for one program make two tasks of one name. So each request has a hidden folder of its own, within the
//! one that holds all of them; a collection of one computer lies there beside and serves every request of that computer.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::fleet::shown;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::items::NAME_MAX;
use crate::server::app::items::check_name;
use crate::server::app::items::find;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::rights;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::Collection;
use crate::server::app::spec::estate::Language;
use crate::server::app::spec::estate::Query;
use crate::server::app::spec::parts::Right;
use crate::server::app::spec::task::Step;
use crate::server::app::usage::unknown_reference;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::ComputerRow;
use crate::server::store::items;
use crate::server::store::portal;
use crate::server::store::portal::Made;
use crate::server::store::portal::RequestRow;

pub mod incidents;

/// The hidden folder that holds what was made for requests.
const FOLDER: &str = "Software Portal Requests";

/// Most groups that one request names.
const GROUPS_MAX: usize = 1024;

/// How far a request is. The four ends are the vendor's words (SWD 6.1 guide, Purging unused Collections and Items).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// It waits for somebody to approve it (PTL-1).
    AwaitingApproval,
    /// Its task is made, and the computer has not said how it went.
    Approved,
    /// Somebody said no.
    Rejected,
    /// The computer ran it with success.
    ExecutionSuccess,
    /// The computer ran it without.
    ExecutionFailed,
    /// What it needs is gone: the program, the computer, or its task.
    RequestProcessingFailed,
}

impl Status {
    /// Those that a purge takes (PUR-3).
    pub const ENDS: [Self; 4] =
        [Self::Rejected, Self::ExecutionSuccess, Self::ExecutionFailed, Self::RequestProcessingFailed];

    const ALL: [Self; 6] = [
        Self::AwaitingApproval,
        Self::Approved,
        Self::Rejected,
        Self::ExecutionSuccess,
        Self::ExecutionFailed,
        Self::RequestProcessingFailed,
    ];

    /// The word, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "AwaitingApproval",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::ExecutionSuccess => "ExecutionSuccess",
            Self::ExecutionFailed => "ExecutionFailed",
            Self::RequestProcessingFailed => "RequestProcessingFailed",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the request can still come to something.
    const fn is_open(self) -> bool {
        matches!(self, Self::AwaitingApproval | Self::Approved)
    }
}

/// What a user asks for at a computer: a program of a package, or a sequential task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// The computer that the user sits at: it gets the software, whoever asks elsewhere (PTL-4).
    pub computer: Guid,
    /// Who asks, `DOMAIN\NAME` or the name of a role.
    pub user: String,
    /// The groups and roles that the user is in, as the directory has them: this server has no directory.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The package of a program.
    #[serde(default)]
    pub package: Option<Guid>,
    /// The program, one of that package.
    #[serde(default)]
    pub program: Option<Guid>,
    /// A sequential task, in the place of both (SEQ-6).
    #[serde(default)]
    pub sequence: Option<Guid>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The package of a program.
    pub package: Option<Guid>,
    /// The program.
    pub program: Option<Guid>,
    /// The sequential task.
    pub sequence: Option<Guid>,
}

impl Wanted {
    const fn of(item: Guid, package: Option<Guid>) -> Self {
        match package {
            Some(_) => Self { package, program: Some(item), sequence: None },
            None => Self { package: None, program: None, sequence: Some(item) },
        }
    }
}

impl Ask {
    /// The item that is asked for, and the package of a program.
    fn wanted(&self) -> Result<(Guid, Option<Guid>), Refused> {
        match (self.package, self.program, self.sequence) {
            (Some(package), Some(program), None) => Ok((program, Some(package))),
            (None, None, Some(sequence)) => Ok((sequence, None)),
            _ => {
                let why = "a request names a package and a program of it, or else a sequential task";
                Err(Refused::invalid("program", why))
            }
        }
    }
}

/// A request, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Its number.
    pub id: u64,
    /// The computer that it was made at.
    pub computer: Guid,
    /// Who made it.
    pub user: String,
    /// What it asks for.
    #[serde(flatten)]
    pub wanted: Wanted,
    /// How far it is.
    pub status: Status,
    /// When it was made.
    pub created_at: String,
    /// When its status last changed.
    pub changed_at: String,
    /// The hidden task that was made for it; null where none was.
    pub task: Option<Guid>,
    /// The collection of the one computer that the task is for.
    pub collection: Option<Guid>,
    /// The incident that it waits in, or was decided in; null where it never had to wait (PTL-5).
    pub incident: Option<u64>,
}

impl Request {
    fn of(row: RequestRow) -> Result<Self, StoreError> {
        Ok(Self {
            status: status_of(&row)?,
            created_at: shown(row.created_ms)?,
            changed_at: shown(row.changed_ms)?,
            task: row.made.map(|made| made.task),
            collection: row.made.map(|made| made.collection),
            id: row.id,
            computer: row.computer,
            user: row.user,
            wanted: Wanted::of(row.item, row.package),
            incident: row.incident,
        })
    }
}

fn status_of(row: &RequestRow) -> Result<Status, StoreError> {
    Status::from_name(&row.status).ok_or(StoreError::Corrupt { what: "portal request" })
}

impl App {
    /// The request of this number.
    ///
    /// # Errors
    /// `not_found`.
    pub fn portal_request(&self, id: u64) -> Result<Request, Refused> {
        self.store().read(|sql| Ok(Request::of(request(sql, id)?)?))
    }

    /// Requests that pass a filter, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn portal_requests(&self, filter: portal::Filter<'_>) -> Result<Vec<Request>, StoreError> {
        self.store().read(|sql| portal::list(sql, filter))?.into_iter().map(Request::of).collect()
    }
}

fn request(sql: &Connection, id: u64) -> Result<RequestRow, Refused> {
    let missing = || Refused::new(Code::NotFound, "there is no portal request of this number").with("request", id);
    portal::find(sql, id)?.ok_or_else(missing)
}

impl Writer<'_> {
    /// Takes a request. Who holds *install* gets the task at once, who holds *install on approval* waits (PTL-1) in the
    /// incident of what is asked for (PTL-5); of both, *install* holds. Rights are those that hold with inheritance: a
    /// program's from the programs folder (PTL-2), a sequential task's from its own (SEQ-6).
    ///
    /// # Errors
    /// `forbidden` without a right; `unknown_reference`, `invalid`.
    pub fn ask_portal(&mut self, ask: &Ask) -> Result<Kept, Refused> {
        check_name(&ask.user).map_err(|refused| refused.with("field", "user"))?;
        if ask.groups.len() > GROUPS_MAX {
            return Err(Refused::invalid("groups", format!("a request names at most {GROUPS_MAX} groups")));
        }
        let (wanted, package) = ask.wanted()?;
        let (computer, item) = self.needed(ask.computer, wanted, package)?;
        let right = right_of(self.sql, &item, ask)?.ok_or_else(|| {
            let what = if package.is_some() { "program" } else { "sequential task" };
            let why = format!("the user has no right to ask for this {what}");
            Refused::new(Code::Forbidden, why).with("field", "user").with("rule", "PTL-1")
        })?;
        let now_ms = self.now.as_millisecond();
        let (status, incident) = match right {
            Right::Install => (Status::Approved, None),
            Right::InstallOnApproval => {
                (Status::AwaitingApproval, Some(portal::join(self.sql, wanted, package, now_ms)?))
            }
        };
        let mut row = RequestRow {
            id: 0,
            computer: ask.computer,
            user: ask.user.clone(),
            item: wanted,
            package,
            status: status.name().to_owned(),
            created_ms: now_ms,
            changed_ms: now_ms,
            made: None,
            incident,
        };
        row.id = portal::add(self.sql, &row)?;
        if status == Status::Approved {
            self.make_request(&row, &computer, &item)?;
        }
        self.answer_request(201, row.id, status)
    }

    /// Approves a request that waits: its task is made. Where what it needs is gone meanwhile it has failed. Who decides
    /// on one request has opened its incident: no other joins it any more (PTL-5).
    ///
    /// # Errors
    /// `not_found`; `invalid` when it does not wait.
    pub fn approve_request(&mut self, id: u64) -> Result<Kept, Refused> {
        let row = self.waiting(id)?;
        let status = self.decide(&row, true)?;
        self.answer_request(200, id, status)
    }

    /// Rejects a request that waits, as [`Self::approve_request`] approves it.
    ///
    /// # Errors
    /// As [`Self::approve_request`].
    pub fn reject_request(&mut self, id: u64) -> Result<Kept, Refused> {
        let row = self.waiting(id)?;
        let status = self.decide(&row, false)?;
        self.answer_request(200, id, status)
    }

    /// Decides on a request that waits; gives how far it is then.
    fn decide(&mut self, row: &RequestRow, approve: bool) -> Result<Status, Refused> {
        let now_ms = self.now.as_millisecond();
        if let Some(incident) = row.incident {
            portal::open_incident(self.sql, incident, now_ms)?;
        }
        let status = if approve { self.approve(row)? } else { Status::Rejected };
        portal::set_status(self.sql, row.id, status.name(), now_ms)?;
        Ok(status)
    }

    fn approve(&mut self, row: &RequestRow) -> Result<Status, Refused> {
        match self.needed(row.computer, row.item, row.package) {
            Ok((computer, item)) => {
                self.make_request(row, &computer, &item)?;
                Ok(Status::Approved)
            }
            Err(refused) if refused.source.is_some() => Err(refused),
            Err(_) => Ok(Status::RequestProcessingFailed),
        }
    }

    fn waiting(&self, id: u64) -> Result<RequestRow, Refused> {
        let row = request(self.sql, id)?;
        if status_of(&row)? == Status::AwaitingApproval {
            return Ok(row);
        }
        Err(Refused::invalid("status", "the request does not wait for approval").with("status", row.status))
    }

    /// Notes in the log what became of a request, and answers it.
    fn answer_request(&mut self, status: u16, id: u64, now: Status) -> Result<Kept, Refused> {
        self.audit_request(id, now)?;
        Ok(Kept::value(status, &Request::of(request(self.sql, id)?)?))
    }

    fn audit_request(&mut self, id: u64, now: Status) -> Result<(), StoreError> {
        let name = Some(format!("portal request {id}: {}", now.name()));
        self.audit(Did { name, ..Did::of(Action::Portal) })
    }

    /// What a request needs: a computer that gets policies, and a program of the package, or a sequential task.
    fn needed(&self, computer: Guid, item: Guid, package: Option<Guid>) -> Result<(ComputerRow, Item), Refused> {
        let row =
            fleet::computer(self.sql, computer)?.ok_or_else(|| unknown_reference("computer", computer, "computer"))?;
        if row.retired {
            return Err(Refused::invalid("computer", "the computer is retired, and gets nothing"));
        }
        let needed = match package {
            Some(package) => vec![("package", package, Kind::Package), ("program", item, Kind::Program)],
            None => vec![("sequence", item, Kind::SequentialTask)],
        };
        for (field, guid, kind) in needed {
            if items::named(self.sql, guid)?.is_none_or(|item| item.kind != kind.name()) {
                return Err(unknown_reference(field, guid, kind.name()));
            }
        }
        let item = find(self.sql, item)?;
        if item.package != package {
            return Err(Refused::invalid("program", "the program is one of another package").with("rule", "TSK-3"));
        }
        Ok((row, item))
    }

    /// Makes the hidden task of a request and the collection that it is for.
    fn make_request(&mut self, row: &RequestRow, computer: &ComputerRow, item: &Item) -> Result<(), Refused> {
        let root = match items::at_place(self.sql, Kind::Folder.name(), None, FOLDER)? {
            Some(there) => there,
            None => self.hidden(Kind::Folder, FOLDER, None, json!({}))?,
        };
        // Not by the number of the request: a server that began with a seed counts anew, and has the folders.
        let folder = self.hidden(Kind::Folder, &self.ids.guid().to_string(), Some(root), json!({}))?;
        let collection = self.collection_of_one(computer, root, folder)?;
        let mut spec = json!({ "collections": [collection], "run": { "type": "asSoonAsPossible" } });
        let kind = match &item.spec {
            Spec::SequentialTask(sequence) => {
                let step = |step: &Step| Step { task: None, ..step.clone() };
                spec["steps"] = json!(sequence.steps.iter().map(step).collect::<Vec<_>>());
                Kind::SequentialTask
            }
            _ => {
                (spec["package"], spec["program"]) = (json!(row.package), json!(row.item));
                Kind::Task
            }
        };
        let name = cut(format!("Software Request : {}", item.name));
        let task = self.hidden(kind, &name, Some(folder), spec)?;
        Ok(portal::set_made(self.sql, row.id, Made { folder, task, collection })?)
    }

    /// The collection of one computer: the one that is there, as it was made, or a new one. Where another computer of
    /// that name has the name already, it lies in the folder of the request.
    fn collection_of_one(&mut self, computer: &ComputerRow, root: Guid, folder: Guid) -> Result<Guid, Refused> {
        let name = cut(format!("SWRCollection_{}", computer.name));
        // By GUID, not by name: names of computers are not unique, and only one of them asked.
        let text = format!("SELECT Guid FROM vComputer WHERE Guid = '{}'", computer.guid);
        let query = Some(Query { language: Language::Sql, text });
        let spec = Spec::Collection(Collection { query, ..Collection::default() });
        let mut at = root;
        if let Some(there) = items::at_place(self.sql, Kind::Collection.name(), Some(root), &name)? {
            if find(self.sql, there)?.spec == spec {
                return Ok(there);
            }
            at = folder;
        }
        let value = serde_json::to_value(&spec).map_err(|_| StoreError::Corrupt { what: "item" })?;
        self.hidden(Kind::Collection, &name, Some(at), value)
    }

    fn hidden(&mut self, kind: Kind, name: &str, folder: Option<Guid>, spec: Value) -> Result<Guid, Refused> {
        let attributes = Some(BTreeSet::from([Attribute::Hidden]));
        let body = Body { name: name.to_owned(), folder, attributes, spec };
        Ok(self.create(Draft { kind, body, package: None })?.guid)
    }

    /// Moves the request of a task on when its computer says how it went (PTL-4). The last word counts.
    pub(super) fn finish_request(&self, computer: Guid, task: Guid, success: bool) -> Result<(), StoreError> {
        let Some(row) = portal::of_task(self.sql, task)?.filter(|row| row.computer == computer) else { return Ok(()) };
        let status = if success { Status::ExecutionSuccess } else { Status::ExecutionFailed };
        let has_run = [Status::Approved, Status::ExecutionSuccess, Status::ExecutionFailed];
        if !has_run.contains(&status_of(&row)?) || row.status == status.name() {
            return Ok(());
        }
        portal::set_status(self.sql, row.id, status.name(), self.now.as_millisecond())
    }

    /// The open request of a task or sequential task that was deleted comes to nothing any more.
    pub(super) fn fail_request_of(&self, task: Guid) -> Result<(), StoreError> {
        portal::of_task(self.sql, task)?.map_or(Ok(()), |row| self.fail_request(&row))
    }

    /// Nor do those of a computer that was deleted.
    pub(super) fn fail_requests_at(&self, computer: Guid) -> Result<(), StoreError> {
        let filter = portal::Filter { computer: Some(computer), limit: i64::MAX.unsigned_abs(), ..Default::default() };
        portal::list(self.sql, filter)?.iter().try_for_each(|row| self.fail_request(row))
    }

    fn fail_request(&self, row: &RequestRow) -> Result<(), StoreError> {
        if !status_of(row)?.is_open() {
            return Ok(());
        }
        let failed = Status::RequestProcessingFailed.name();
        portal::set_status(self.sql, row.id, failed, self.now.as_millisecond())
    }
}

/// The right that a user has on a program or sequential task, alone or through a group. Names of principals know no case.
fn right_of(sql: &Connection, item: &Item, ask: &Ask) -> Result<Option<Right>, Refused> {
    let known: BTreeSet<String> = ask.groups.iter().chain([&ask.user]).map(|name| name.to_lowercase()).collect();
    let held = rights::of(sql, item)?.rights;
    let mine: Vec<Right> =
        held.iter().filter(|held| known.contains(&held.principal.to_lowercase())).map(|held| held.right).collect();
    Ok(if mine.contains(&Right::Install) { Some(Right::Install) } else { mine.first().copied() })
}

fn cut(name: String) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => name[..end].to_owned(),
        None => name,
    }
}
