//! What reports show of the computers: who there is, who is in which collection, who ran what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::adapter::AdapterError;
use crate::adapter::FleetRead;
use crate::adapter::altiris::wire::table::Table;
use crate::adapter::altiris::wire::value;
use crate::adapter::altiris::wire::xml::Node;
use crate::model::fleet::Computer;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::fleet::Membership;
use crate::model::fleet::Part;
use crate::model::guid::Guid;

use super::raw::Raw;
use super::raw::digest;
use super::reports::Reports;
use super::reports::guid_in;
use super::reports::text_in;

/// Reads the computers.
///
/// # Errors
/// When it makes no sense to read on.
pub async fn read(
    reports: &mut Reports<'_>,
    raw: &Raw,
    instance: Guid,
    now: Timestamp,
) -> Result<FleetRead, AdapterError> {
    let rows = reports.rows("computers").await?.and_then(|table| computers(&table));
    let mut computers = match rows {
        Ok(computers) => computers,
        Err(why) => return Ok(FleetRead::untold(&why)),
    };
    if let Ok(table) = reports.rows("computer-clocks").await? {
        clocks(&table, &mut computers);
    }
    let numbers: BTreeMap<Guid, u32> =
        computers.iter().enumerate().filter_map(|(at, one)| Some((one.guid, u32::try_from(at).ok()?))).collect();
    let mark = digest(&computers.iter().map(|computer| computer.guid).collect::<Vec<_>>());
    let mut fleet = Fleet { instance: Some(instance), read_at: now, computers, ..Fleet::default() };
    match reports.rows("members").await?.and_then(|table| members(&table, &numbers)) {
        Ok(members) => {
            // A collection without a row has no members.
            let empty = raw.collections.keys().map(|guid| (*guid, Membership::default()));
            fleet.members = empty.chain(members).collect();
        }
        Err(why) => drop(fleet.gaps.insert(Part::Members, why)),
    }
    let rows = match reports.rows("executions").await? {
        Ok(table) => Ok(("_ResourceGuid", table)),
        Err(_) => reports.rows("executions-by-resource").await?.map(|table| ("ResourceGuid", table)),
    };
    match rows.and_then(|(column, table)| executions(&table, column, &numbers, raw)) {
        Ok(history) => fleet.history = history,
        Err(why) => drop(fleet.gaps.insert(Part::History, why)),
    }
    let untold = "the web services tell nothing of it";
    fleet.gaps.insert(Part::Packages, untold.to_owned());
    fleet.gaps.insert(Part::Licences, untold.to_owned());
    Ok(FleetRead { fleet, mark: Some(mark) })
}

fn computers(table: &Table) -> Result<Vec<Computer>, String> {
    let mut computers = BTreeMap::new();
    for row in &table.rows {
        let guid = guid_in(row, "Guid")?.ok_or("a computer has no GUID")?;
        let computer = Computer {
            guid,
            name: text_in(row, "Name"),
            domain: text_in(row, "Domain"),
            // No table shows it.
            zone: String::new(),
            last_seen: None,
            retired: false,
            roles: Vec::new(),
        };
        computers.insert(guid, computer);
    }
    Ok(computers.into_values().collect())
}

/// What some servers show besides: zones, when a computer was last heard of, and whether it is retired.
fn clocks(table: &Table, computers: &mut [Computer]) {
    let rows: BTreeMap<Guid, &Node> =
        table.rows.iter().filter_map(|row| Some((guid_in(row, "Guid").ok()??, row))).collect();
    for computer in computers {
        let Some(row) = rows.get(&computer.guid) else { continue };
        computer.zone = text_in(row, "TimeZone").trim().to_owned();
        let seen = value::moment(&text_in(row, "LastSeen")).ok().flatten();
        computer.last_seen = seen.and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
        computer.retired = value::boolean(&text_in(row, "Retired")).unwrap_or_default();
    }
}

fn members(table: &Table, numbers: &BTreeMap<Guid, u32>) -> Result<Vec<(Guid, Membership)>, String> {
    let mut sets: BTreeMap<Guid, Computers> = BTreeMap::new();
    for row in &table.rows {
        let collection = guid_in(row, "CollectionGuid")?.ok_or("a membership names no collection")?;
        let resource = guid_in(row, "ResourceGuid")?.ok_or("a membership names no computer")?;
        // Members that are no computers, such as users, are not counted.
        if let Some(number) = numbers.get(&resource) {
            sets.entry(collection).or_default().insert(*number);
        }
    }
    Ok(sets.into_iter().map(|(guid, effective)| (guid, Membership { effective, query: None })).collect())
}

/// Who ran what, last with which result: the rows come in the order of time.
fn executions(
    table: &Table,
    column: &str,
    numbers: &BTreeMap<Guid, u32>,
    raw: &Raw,
) -> Result<BTreeMap<Guid, History>, String> {
    let mut history: BTreeMap<Guid, History> = BTreeMap::new();
    for row in &table.rows {
        let Some(task) = guid_in(row, "AdvertisementId")? else { continue };
        let Some(computer) = guid_in(row, column)?.and_then(|guid| numbers.get(&guid)) else { continue };
        let code = text_in(row, "ReturnCode");
        let succeeded = match code.trim() {
            "" => None,
            code => Some(is_success(raw, task, value::int(code)?)),
        };
        let of = history.entry(task).or_default();
        for set in [&mut of.succeeded, &mut of.failed, &mut of.unknown] {
            set.remove(*computer);
        }
        let into = match succeeded {
            Some(true) => &mut of.succeeded,
            Some(false) => &mut of.failed,
            None => &mut of.unknown,
        };
        into.insert(*computer);
        // The clock of the computer, whose zone nobody tells.
        if let Ok(Some(start)) = value::moment(&text_in(row, "Start"))
            && let Ok(at) = TimeZone::UTC.to_timestamp(start)
        {
            of.newest = of.newest.max(Some(at));
        }
    }
    Ok(history)
}

/// Whether a code means success for the program that a task runs: 0 for one that is not known (PRG-2).
fn is_success(raw: &Raw, task: Guid, code: i64) -> bool {
    let program = raw.tasks.get(&task).and_then(|task| raw.programs.get(&task.program?));
    match program {
        Some((_, program)) => {
            let mut codes =
                program.success_codes.split([',', ';', ' ']).filter_map(|part| part.trim().parse::<i64>().ok());
            codes.any(|success| success == code)
        }
        None => code == 0,
    }
}
