//! The tables that reports are run over. Their names are the vendor's; the columns of most are in no document and are named
//! as the fields of the Details classes. A client finds out with `INFORMATION_SCHEMA.COLUMNS` which there are.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details;
use crate::server::app::asdk::details::Fields;
use crate::server::app::asdk::details::Names;
use crate::server::app::asdk::details::Shown;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::FilterOf;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Operation;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::program::ProgramEntry;
use crate::server::app::asdk::targets;
use crate::server::app::fleet::members::Members;
use crate::server::app::fleet::shown;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::rights;
use crate::server::app::rights::Origin;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Right;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk_report::Cell;
use crate::server::store::asdk_report::Column;
use crate::server::store::asdk_report::ColumnType::Guid as G;
use crate::server::store::asdk_report::ColumnType::Int as I;
use crate::server::store::asdk_report::ColumnType::Text as T;
use crate::server::store::asdk_report::ColumnType::Time as D;
use crate::server::store::asdk_report::Sheets;
use crate::server::store::fleet;
use crate::server::store::fleet::LogFilter;
use crate::server::store::items;
use crate::server::store::refs;

/// Permissions (altiris-asdk §4.8).
pub const INSTALL_SOFTWARE: Guid = Guid::of(0xA56F_6866_B362_4EFC_BFFA_A29E_7C9D_2F2F);
/// *Install on approval*: its GUID is in no document; this one is ours.
pub const INSTALL_ON_APPROVAL: Guid = Guid::of(0xc051_671e_0000_4a01_9000_0000_0000_0002);

/// A policy is for a resource target.
pub const APPLIES_TO_TARGET: &str = "policyappliestoresourcetarget";
/// A collection lists a computer.
pub const INCLUDES_RESOURCE: &str = "collectionincludesresource";

/// A table: its name, and its columns.
pub type Table = (&'static str, &'static [Column]);

/// Every table, by name. The first column of most is the GUID.
pub const TABLES: &[Table] = &[
    ("CollectionMembership", &[("CollectionGuid", G), ("ResourceGuid", G)]),
    (
        "Evt_AeX_SWD_Execution",
        &[
            ("_ResourceGuid", G),
            ("AdvertisementId", G),
            ("AdvertisementName", T),
            ("Start", D),
            ("ReturnCode", I),
            ("Status", T),
        ],
    ),
    (
        "ItemReference",
        &[
            ("ParentItemGuid", G),
            ("ChildItemGuid", G),
            ("Hint", T),
            ("ReferenceType", T),
            ("CreatedDate", D),
            ("ModifiedDate", D),
        ],
    ),
    (
        "SWDAdvertisement",
        &[
            ("Guid", G),
            ("Name", T),
            ("Description", T),
            ("Enable", I),
            ("FolderGuid", G),
            ("Attributes", T),
            ("PackageGuid", G),
            ("ProgramGuid", G),
            ("ResourceTargets", T),
            ("Priority", T),
            ("RunASAP", I),
            ("ScheduleXML", T),
            ("ScheduleRetry", I),
            ("AvailableFrom", T),
            ("AvaliableTo", T),
            ("UsesServersTime", I),
            ("RemoveAfterSuccessfulRun", I),
            ("NotifyUserWhenTaskAvailable", I),
            ("WarnUserBeforeRunning", I),
            ("DeferTime", T),
            ("UseDefaultAgentSettings", I),
            ("RunFromServer", I),
            ("DownloadAndRunLocally", I),
            ("DownloadPackageASAP", I),
            ("MinimumBandwidth", I),
            ("MinimumConnectionSpeed", I),
            ("MulticastPackage", T),
            ("EnableVerboseReporting", I),
        ],
    ),
    (
        "SWDPackage",
        &[
            ("Guid", G),
            ("Name", T),
            ("Description", T),
            ("Publisher", T),
            ("Version", T),
            ("Language", T),
            ("Location", T),
            ("PackageDirectory", T),
            ("PackageSourceType", T),
            ("PackageType", T),
            ("ParentFolderGuid", G),
            ("Attributes", T),
            ("PurgeAfterDurationInMinutes", I),
            ("EnableVerboseEvents", I),
            ("AgentDisplayName", T),
            ("AgentDisplayDescription", T),
            ("AlternateDownloadDestinationLocation", T),
            ("SelectedPackageServers", T),
        ],
    ),
    (
        "SWDProgram",
        &[
            ("Guid", G),
            ("Name", T),
            ("Description", T),
            ("CommandLine", T),
            ("WorkingDirectory", T),
            ("EstimatedDiskSpace", I),
            ("EstimatedRunTime", I),
            ("TerminateAfter", I),
            ("SuccessCodes", T),
            ("FailureCodes", T),
            ("AfterRunningActionType", I),
            ("DeferTimeforRestartInMinutes", I),
            ("ForceRunningApplicationToCloseOnRestart", I),
            ("StartingWindowOptionType", I),
            ("RunWithRightsOptionType", I),
            ("UserDomain", T),
            ("UserName", T),
            ("CanRunOptionType", I),
            ("UserInputRequired", I),
            ("RunOnceForEachLoggedOnUser", I),
            ("RunForSpecifiedUsers", I),
            ("UsersToRunList", T),
            ("RequiresNWConnection", I),
            ("MinimumSpeedOptions", I),
            ("PackageGuid", G),
        ],
    ),
    ("TargetFilter", &[("Guid", G), ("ResourceTargetGuid", G), ("FilterType", T), ("Operation", I), ("Position", I)]),
    ("TargetFilterCollection", &[("TargetFilterGuid", G), ("CollectionGuid", G)]),
    ("vCollection", &[("Guid", G), ("Name", T), ("Description", T), ("SqlQuery", T), ("AutoUpdate", I)]),
    (
        "vComputer",
        &[("Guid", G), ("Name", T), ("Domain", T), ("OSName", T), ("TimeZone", T), ("LastSeen", D), ("Retired", I)],
    ),
    (
        "vItem",
        &[
            ("Guid", G),
            ("Name", T),
            ("Description", T),
            ("ClassGuid", G),
            ("TypeName", T),
            ("ParentFolderGuid", G),
            ("Attributes", T),
            ("Enabled", I),
            ("CreatedDate", D),
            ("ModifiedDate", D),
        ],
    ),
    ("vItemPermission", &[("ItemGuid", G), ("TrusteeName", T), ("PermissionGuid", G), ("Inherited", I)]),
];

/// What tells which columns there are.
const COLUMNS: Table = (
    "COLUMNS",
    &[("TABLE_SCHEMA", T), ("TABLE_NAME", T), ("COLUMN_NAME", T), ("ORDINAL_POSITION", I), ("DATA_TYPE", T)],
);

/// What of the tables is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// `INFORMATION_SCHEMA` is not readable.
    pub schema: bool,
    /// Of packages, programs and tasks only GUID and name are columns.
    pub columns: bool,
}

impl Hidden {
    fn columns_of(self, table: Table) -> &'static [Column] {
        let (name, columns) = table;
        if self.columns && name.starts_with("SWD") { &columns[..2] } else { columns }
    }
}

/// The tables that a text may speak of. A word that only looks like one does no harm.
pub(super) fn spoken_of(sql: &str) -> BTreeSet<&'static str> {
    let words: BTreeSet<String> =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_ascii_lowercase).collect();
    let all = TABLES.iter().map(|(name, _)| *name).chain([COLUMNS.0]);
    all.filter(|name| words.contains(&name.to_ascii_lowercase())).collect()
}

type Give<'a> = dyn FnMut(Vec<Cell>) -> Result<(), StoreError> + 'a;

/// Fills the tables that are spoken of from one moment of the store. `members` is asked for only where collections'
/// members are.
pub(super) fn fill(
    sql: &Connection,
    sheets: &Sheets,
    wanted: &BTreeSet<&'static str>,
    hidden: Hidden,
    members: Option<&Arc<Members>>,
) -> Result<(), Refused> {
    for table in TABLES.iter().filter(|(name, _)| wanted.contains(name)) {
        let columns = hidden.columns_of(*table);
        let width = columns.len();
        sheets.add(None, table.0, columns, |give| {
            let mut cut = |mut row: Vec<Cell>| {
                row.truncate(width);
                give(row)
            };
            match table.0 {
                "CollectionMembership" => memberships(members, &mut cut),
                "Evt_AeX_SWD_Execution" => executions(sql, &mut cut),
                "ItemReference" => references(sql, &mut cut),
                "SWDAdvertisement" => tasks(sql, columns, &mut cut),
                "SWDPackage" => packages(sql, columns, &mut cut),
                "SWDProgram" => programs(sql, columns, &mut cut),
                "TargetFilter" => filters(sql, &mut cut),
                "TargetFilterCollection" => filter_collections(sql, &mut cut),
                "vCollection" => collections(sql, &mut cut),
                "vComputer" => computers(sql, &mut cut),
                "vItem" => all_items(sql, &mut cut),
                _ => permissions(sql, &mut cut),
            }
        })?;
    }
    if wanted.contains(COLUMNS.0) && !hidden.schema {
        sheets.add(Some("INFORMATION_SCHEMA"), COLUMNS.0, COLUMNS.1, |give| schema(hidden, give))?;
    }
    Ok(())
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn guid(guid: Guid) -> Cell {
    Cell::Text(guid.to_string())
}

fn guid_or(guid: Option<Guid>) -> Cell {
    guid.map_or(Cell::Null, |guid| Cell::Text(guid.to_string()))
}

/// A time as T-SQL has it: in UTC, without a zone.
fn time(at: &str) -> Cell {
    let bare = at.trim_end_matches('Z');
    Cell::Text(bare.to_owned())
}

fn schema(hidden: Hidden, give: &mut Give<'_>) -> Result<(), Refused> {
    for table in TABLES {
        for (at, (column, ty)) in hidden.columns_of(*table).iter().enumerate() {
            let place = i64::try_from(at + 1).unwrap_or(i64::MAX);
            give(vec![text("dbo"), text(table.0), text(*column), Cell::Int(place), text(ty.name())])?;
        }
    }
    Ok(())
}

fn each_of(sql: &Connection, kind: Kind, mut each: impl FnMut(Item) -> Result<(), Refused>) -> Result<(), Refused> {
    for json in items::find(sql, Some(kind.name()), None)? {
        each(Item::stored(&json)?)?;
    }
    Ok(())
}

/// Fields as the cells of these columns; a column that is no field is empty.
fn row_of(columns: &[Column], fields: Fields) -> Vec<Cell> {
    let mut fields: BTreeMap<&str, Shown> = fields.into_iter().collect();
    let cell = |(name, _): &Column| match fields.remove(name) {
        None => Cell::Null,
        Some(Shown::Text(text)) => Cell::Text(text),
        Some(Shown::Guid(guid)) => guid_or(guid),
        Some(Shown::List(list)) => Cell::Text(list.join(",")),
        Some(Shown::Int(number)) => Cell::Int(number),
        Some(Shown::Bool(truth)) => Cell::Int(i64::from(truth)),
    };
    columns.iter().map(cell).collect()
}

fn packages(sql: &Connection, columns: &[Column], give: &mut Give<'_>) -> Result<(), Refused> {
    let mut names = Names::default();
    each_of(sql, Kind::Package, |item| match &item.spec {
        Spec::Package(spec) => Ok(give(row_of(columns, details::package(sql, &mut names, &item, spec)?))?),
        _ => Ok(()),
    })
}

fn programs(sql: &Connection, columns: &[Column], give: &mut Give<'_>) -> Result<(), Refused> {
    let mut one = |entry: Entry| -> Result<(), Refused> {
        let Some(program) = ProgramEntry::of(entry) else { return Ok(()) };
        let package = program.package;
        let mut fields = details::program(&program);
        fields.push(("PackageGuid", Shown::Guid(package)));
        Ok(give(row_of(columns, fields))?)
    };
    each_of(sql, Kind::Program, |item| one(Entry::Item(item)))?;
    for object in object::of_class(sql, Class::Program)? {
        one(Entry::Object(object))?;
    }
    Ok(())
}

fn tasks(sql: &Connection, columns: &[Column], give: &mut Give<'_>) -> Result<(), Refused> {
    each_of(sql, Kind::Task, |item| match &item.spec {
        Spec::Task(spec) => Ok(give(row_of(columns, details::task(sql, &item, spec)?))?),
        _ => Ok(()),
    })
}

fn collections(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    each_of(sql, Kind::Collection, |item| {
        let Spec::Collection(spec) = item.spec else { return Ok(()) };
        let query = spec.query.map_or(Cell::Null, |query| Cell::Text(query.text));
        let update = Cell::Int(i64::from(spec.auto_update));
        Ok(give(vec![guid(item.guid), text(item.name), text(spec.description), query, update])?)
    })
}

fn computers(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    let mut rows = Vec::new();
    fleet::each_computer(sql, |row| {
        let seen = row.last_seen.as_deref().map_or(Cell::Null, time);
        let retired = Cell::Int(i64::from(row.retired));
        let (name, domain, zone) = (text(row.name), text(row.domain), text(row.zone));
        rows.push(vec![guid(row.guid), name, domain, Cell::Null, zone, seen, retired]);
    })?;
    let os = fleet_os(sql)?;
    for mut row in rows {
        if let Cell::Text(computer) = &row[0]
            && let Some(name) = os.get(computer)
        {
            row[3] = text(name.clone());
        }
        give(row)?;
    }
    Ok(())
}

/// What inventory says of computers' operating systems, where it has the table of that.
fn fleet_os(sql: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    crate::server::store::inventory::column(sql, "vOperatingSystem", "Caption")
}

fn all_items(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    let mut one = |entry: &Entry| -> Result<(), StoreError> {
        let (made, changed) = entry.dates();
        give(vec![
            guid(entry.guid()),
            text(entry.name()),
            text(entry.description()),
            guid(entry.class().guid()),
            text(entry.class().name()),
            guid_or(entry.folder()),
            text(details::attributes(&entry.attributes())),
            Cell::Int(i64::from(entry.is_enabled())),
            time(&made.to_string()),
            time(&changed.to_string()),
        ])
    };
    items::each(sql, true, |json| one(&Entry::Item(Item::stored(json)?)))?;
    for object in all_objects(sql)? {
        one(&Entry::Object(object))?;
    }
    Ok(())
}

/// Every object; also the targets that stand for collections of policies.
fn all_objects(sql: &Connection) -> Result<Vec<Object>, Refused> {
    let mut found = object::list(sql, crate::server::store::asdk::Filter::default())?;
    let there: BTreeSet<Guid> = found.iter().map(|object| object.guid).collect();
    for target in used_targets(sql)? {
        if !there.contains(&target)
            && let Entry::Object(object) = entry::find(sql, target)?
        {
            found.push(object);
        }
    }
    Ok(found)
}

/// The targets of all policies.
fn used_targets(sql: &Connection) -> Result<BTreeSet<Guid>, Refused> {
    let mut used = BTreeSet::new();
    for kind in Kind::ALL.into_iter().filter(|kind| Class::of(*kind).is_policy()) {
        each_of(sql, kind, |item| {
            used.extend(targets::of_policy(sql, &item)?);
            Ok(())
        })?;
    }
    Ok(used)
}

/// The rows of references; what is for a collection is shown as being for its resource target.
fn references(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    let filter = refs::Filter { limit: i64::MAX.unsigned_abs(), ..refs::Filter::default() };
    for row in refs::list(sql, filter)? {
        if row.hint != refs::APPLIES {
            let dates = (time(&row.created_at), time(&row.modified_at));
            give(vec![guid(row.parent), guid(row.child), text(row.hint), text(row.kind), dates.0, dates.1])?;
        }
    }
    for kind in Kind::ALL.into_iter().filter(|kind| Class::of(*kind).is_policy()) {
        each_of(sql, kind, |item| {
            let dates = (item.created_at.to_string(), item.modified_at.to_string());
            for target in targets::of_policy(sql, &item)? {
                let ends = (guid(item.guid), guid(target));
                let kind = text(refs::type_of(APPLIES_TO_TARGET));
                give(vec![ends.0, ends.1, text(APPLIES_TO_TARGET), kind, time(&dates.0), time(&dates.1)])?;
            }
            Ok(())
        })?;
    }
    let mut names = Names::default();
    each_of(sql, Kind::Collection, |item| {
        let Spec::Collection(spec) = &item.spec else { return Ok(()) };
        for member in &spec.members {
            let Some(computer) = names.guid(sql, member)? else { continue };
            let (made, changed) = (item.created_at.to_string(), item.modified_at.to_string());
            let kind = text(refs::type_of(INCLUDES_RESOURCE));
            let ends = (guid(item.guid), guid(computer));
            give(vec![ends.0, ends.1, text(INCLUDES_RESOURCE), kind, time(&made), time(&changed)])?;
        }
        Ok(())
    })
}

fn each_filter(
    sql: &Connection,
    mut each: impl FnMut(Guid, usize, &object::TargetFilter) -> Result<(), StoreError>,
) -> Result<(), Refused> {
    for object in all_objects(sql)? {
        if let Says::Target(target) = &object.says {
            for (at, filter) in target.filters.iter().enumerate() {
                each(object.guid, at, filter)?;
            }
        }
    }
    Ok(())
}

fn filters(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    each_filter(sql, |target, at, filter| {
        let kind = match filter.of {
            FilterOf::Collection(_) => "Resource Collection",
            FilterOf::Resources(_) => "Individual Resources",
        };
        let place = |at: usize| Cell::Int(i64::try_from(at).unwrap_or(i64::MAX));
        let operation = Operation::ALL.iter().position(|one| *one == filter.operation).unwrap_or_default();
        give(vec![guid(filter.guid), guid(target), text(kind), place(operation), place(at)])
    })
}

fn filter_collections(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    each_filter(sql, |_, _, filter| match filter.of {
        FilterOf::Collection(collection) => give(vec![guid(filter.guid), guid(collection)]),
        FilterOf::Resources(_) => Ok(()),
    })
}

fn memberships(members: Option<&Arc<Members>>, give: &mut Give<'_>) -> Result<(), Refused> {
    let Some(members) = members else { return Ok(()) };
    for (collection, member) in &members.of {
        if let Ok(member) = member {
            for computer in members.guids(&member.effective) {
                give(vec![guid(*collection), guid(computer)])?;
            }
        }
    }
    Ok(())
}

fn executions(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    let filter = LogFilter { limit: i64::MAX.unsigned_abs(), ..LogFilter::default() };
    for row in fleet::executions(sql, filter)? {
        if row.step.is_some() {
            continue;
        }
        let name = match row.task {
            Some(task) => items::named(sql, task)?.map_or(Cell::Null, |item| text(item.name)),
            None => Cell::Null,
        };
        // altiris-domain §10: the texts of executions, the second in the vendor's spelling.
        let status = match row.success {
            Some(true) => text("Command executed"),
            Some(false) => text("Exection Failed"),
            None => Cell::Null,
        };
        let at = time(&shown(row.at_ms)?);
        let code = row.code.map_or(Cell::Null, Cell::Int);
        give(vec![guid(row.computer), guid_or(row.task), name, at, code, status])?;
    }
    Ok(())
}

/// The permission that a right of the portal is.
pub const fn permission_of(right: Right) -> Guid {
    match right {
        Right::Install => INSTALL_SOFTWARE,
        Right::InstallOnApproval => INSTALL_ON_APPROVAL,
    }
}

fn permissions(sql: &Connection, give: &mut Give<'_>) -> Result<(), Refused> {
    for kind in [Kind::Folder, Kind::PortalDefaults, Kind::Program, Kind::SequentialTask] {
        each_of(sql, kind, |item| {
            for held in rights::of(sql, &item)?.rights {
                let inherited = Cell::Int(i64::from(held.origin == Origin::Inherited));
                give(vec![guid(item.guid), text(held.principal), guid(permission_of(held.right)), inherited])?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
