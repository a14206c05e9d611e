//! Loading what is known of computers: lines of JSON, all or none.
//!
//! A computer is made, or made what its line says, by its GUID. Rows of inventory replace those that the computer had in
//! that table from earlier loads. Executions and events are added: a line that comes twice is in the log twice, and says
//! nothing new. They may be of tasks that are no items any more, and of no time to come. A zone that the database of zones
//! does not have is kept as it is said: that nobody knows when such a computer runs is for readers to tell. Names in what
//! follows are known from lines before or from earlier loads.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::io::BufRead;
use std::io::Read;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::fleet::line::Computer;
use crate::server::app::fleet::policy;
use crate::server::app::fleet::shown;
use crate::server::app::item::Item;
use crate::server::app::items::check_name;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Writer;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::ExecutionRow;
use crate::server::store::inventory;
use crate::server::store::inventory::Cell;
use crate::server::store::inventory::Table;
use crate::server::store::items;

mod lines;

use crate::server::app::fleet::load::lines::CachedLine;
use crate::server::app::fleet::load::lines::Cells;
use crate::server::app::fleet::load::lines::ComputerLine;
use crate::server::app::fleet::load::lines::EventLine;
use crate::server::app::fleet::load::lines::ExecutionLine;
use crate::server::app::fleet::load::lines::HolderLine;
use crate::server::app::fleet::load::lines::InventoryLine;
use crate::server::app::fleet::load::lines::PoolLine;
use crate::server::app::fleet::load::lines::SnapshotLine;
use crate::server::app::fleet::load::lines::Typed;

/// Results that are held back to be written in the order of their table.
const RESULTS_HELD: usize = 1_000_000;

/// Most roles of a computer.
const ROLES_MAX: usize = 64;

/// The longest name of a table or column, in characters.
const NAME_MAX: usize = 64;

/// How far ahead of the server's the clock of a computer may be, in milliseconds: a day.
const AHEAD_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// What was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Loaded {
    /// How many lines.
    pub lines: u64,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A line is not what belongs there.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, 1 the first.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// It could not be read.
    #[error("cannot read the lines")]
    Read(#[from] std::io::Error),
    /// The store failed.
    #[error("cannot store the lines")]
    Store(#[from] StoreError),
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Line { line, .. } => Self::invalid("line", error.to_string()).with("line", line),
            LoadError::Read(_) => Self::invalid("line", "the lines cannot be read"),
            LoadError::Store(error) => error.into(),
        }
    }
}

impl App {
    /// Whether any computer is known.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_computers(&self) -> Result<bool, StoreError> {
        self.store().read(|sql| Ok(!fleet::computer_ids(sql)?.is_empty()))
    }

    /// Loads lines in one transaction, for a seed.
    ///
    /// # Errors
    /// What is wrong with the first line that is; then nothing is loaded.
    pub fn load_fleet(&self, from: &mut dyn BufRead, limits: &Limits) -> Result<Loaded, LoadError> {
        let (now, caller) = (self.now(), Caller::server());
        self.store().write(|sql| {
            let mut writer = Writer::begin(sql, &caller, now, self.inner.ids.as_ref()).map_err(store_error)?;
            let loaded = writer.load_lines(from, limits)?;
            writer.finish().map_err(store_error)?;
            Ok(loaded)
        })
    }
}

fn store_error(refused: Refused) -> LoadError {
    match refused.source {
        Some(source) => LoadError::Store(*source),
        None => LoadError::Line { line: 0, why: refused.message },
    }
}

impl Writer<'_> {
    /// Loads lines.
    ///
    /// # Errors
    /// `invalid`, with the number of the line.
    pub fn load_fleet(&mut self, mut lines: &[u8], limits: &Limits) -> Result<Kept, Refused> {
        Ok(Kept::value(200, &self.load_lines(&mut lines, limits)?))
    }

    fn load_lines(&mut self, from: &mut dyn BufRead, limits: &Limits) -> Result<Loaded, LoadError> {
        let mut load = Load::begin(self.sql, limits, self.now.as_millisecond())?;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            (&mut *from).take(limits.fleet_line_bytes + 1).read_until(b'\n', &mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            load.lines += 1;
            if bytes.len() as u64 > limits.fleet_line_bytes {
                return Err(load.wrong(format!("it has more than {} bytes", limits.fleet_line_bytes)));
            }
            load.line(&bytes)?;
        }
        let lines = load.finish()?;
        self.audit(Did { name: Some(format!("{lines} lines")), ..Did::of(Action::Fleet) })?;
        Ok(Loaded { lines })
    }
}

/// A load under way.
struct Load<'a> {
    sql: &'a Connection,
    limits: &'a Limits,
    now_ms: i64,
    lines: u64,
    computers: HashMap<Guid, i64>,
    subjects: HashMap<Guid, i64>,
    sequences: HashSet<Guid>,
    tables: BTreeMap<String, Table>,
    /// Tables that were touched, and by computer those whose earlier rows are gone already.
    touched: BTreeSet<String>,
    scanned: HashSet<(i64, i64)>,
    made_here: HashSet<i64>,
    results: HashMap<(i64, i64), (i64, Option<bool>)>,
    new_computers: bool,
    inventory: bool,
}

impl<'a> Load<'a> {
    fn begin(sql: &'a Connection, limits: &'a Limits, now_ms: i64) -> Result<Self, StoreError> {
        let mut sequences = HashSet::new();
        for json in items::find(sql, Some(Kind::SequentialTask.name()), None)? {
            sequences.insert(Item::stored(&json)?.guid);
        }
        Ok(Self {
            sql,
            limits,
            now_ms,
            lines: 0,
            computers: fleet::computer_ids(sql)?.into_iter().collect(),
            subjects: fleet::subject_ids(sql)?.into_iter().collect(),
            sequences,
            tables: inventory::tables(sql)?,
            touched: BTreeSet::new(),
            scanned: HashSet::new(),
            made_here: HashSet::new(),
            results: HashMap::new(),
            new_computers: false,
            inventory: false,
        })
    }

    fn wrong(&self, why: impl std::fmt::Display) -> LoadError {
        LoadError::Line { line: self.lines, why: why.to_string() }
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, LoadError> {
        serde_json::from_slice(bytes).map_err(|error| self.wrong(error))
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        let Typed { kind } = serde_json::from_slice(bytes).map_err(|error| self.wrong(error))?;
        match kind.as_ref() {
            "computer" => self.computer(self.read(bytes)?),
            "inventory" => self.inventory(self.read(bytes)?),
            "execution" => self.execution(&self.read(bytes)?),
            "event" => self.event(&self.read(bytes)?),
            "cached" => {
                let CachedLine { computer, package, .. } = self.read(bytes)?;
                let (computer, package) = (self.id(computer)?, self.subject(package)?);
                Ok(fleet::set_cached(self.sql, computer, package, true)?)
            }
            "snapshot" => self.snapshot(self.read(bytes)?),
            "plugin" => {
                let HolderLine { computer, .. } = self.read(bytes)?;
                Ok(fleet::hold_plugin(self.sql, self.id(computer)?)?)
            }
            "licence" => {
                let HolderLine { computer, .. } = self.read(bytes)?;
                Ok(fleet::hold_licence(self.sql, self.id(computer)?)?)
            }
            "licences" => {
                let PoolLine { pool, expires, maintenance_expires, .. } = self.read(bytes)?;
                if i64::try_from(pool).is_err() {
                    return Err(self.wrong("a pool of so many licences cannot be kept"));
                }
                let expires_ms = expires.map(Timestamp::as_millisecond);
                let maintenance_expires_ms = maintenance_expires.map(Timestamp::as_millisecond);
                Ok(fleet::set_pool(self.sql, &fleet::PoolRow { pool, expires_ms, maintenance_expires_ms })?)
            }
            other => Err(self.wrong(format_args!("there is no line of type `{}`", other.escape_debug()))),
        }
    }

    /// The number of a computer.
    fn id(&self, guid: Guid) -> Result<i64, LoadError> {
        let missing = || self.wrong(format_args!("no computer has the GUID {guid}; its line comes before what it has"));
        self.computers.get(&guid).copied().ok_or_else(missing)
    }

    /// The number of a task or package.
    fn subject(&mut self, guid: Guid) -> Result<i64, LoadError> {
        if let Some(id) = self.subjects.get(&guid) {
            return Ok(*id);
        }
        let id = fleet::subject(self.sql, guid)?;
        self.subjects.insert(guid, id);
        Ok(id)
    }

    fn computer(&mut self, line: ComputerLine) -> Result<(), LoadError> {
        let ComputerLine { _line, guid, name, domain, zone, last_seen, retired, roles } = line;
        let wrong = |what: &str, refused: Refused| self.wrong(format_args!("{what}: {refused}"));
        check_name(&name).map_err(|refused| wrong("`name`", refused))?;
        check_name(&zone).map_err(|refused| wrong("`zone`", refused))?;
        if !domain.is_empty() {
            check_name(&domain).map_err(|refused| wrong("`domain`", refused))?;
        }
        for role in &roles {
            check_name(role).map_err(|refused| wrong("`roles`", refused))?;
        }
        if roles.len() > ROLES_MAX {
            return Err(self.wrong(format_args!("a computer has at most {ROLES_MAX} roles")));
        }
        let there = self.computers.get(&guid).copied();
        if there.is_none() && self.computers.len() >= self.limits.computers {
            return Err(self.wrong(format_args!("there are more than {} computers", self.limits.computers)));
        }
        let row = Computer { guid, name, domain, zone, last_seen, retired, roles }.row();
        let id = fleet::put_computer(self.sql, &row, there)?;
        self.new_computers |= there.is_none();
        self.inventory = true;
        self.computers.insert(guid, id);
        Ok(())
    }

    fn inventory(&mut self, line: InventoryLine) -> Result<(), LoadError> {
        let computer = self.id(line.computer)?;
        let key = self.table(&line.table)?;
        let Cells(row) = line.row;
        self.columns(&key, &row)?;
        let table = &self.tables[&key];
        let mut cells = Vec::with_capacity(row.len());
        for (name, cell) in row {
            cells.push((table.column(&name).expect("a column that was missing was made above"), cell));
        }
        cells.sort_by_key(|(column, _)| *column);
        if !self.made_here.contains(&table.id()) && self.scanned.insert((table.id(), computer)) {
            inventory::forget(self.sql, table, computer)?;
        }
        inventory::insert(self.sql, table, computer, &cells)?;
        self.inventory = true;
        if !self.touched.contains(&key) {
            self.touched.insert(key);
        }
        Ok(())
    }

    /// The table of this name, which is made where it is not there; its key.
    fn table(&mut self, name: &str) -> Result<String, LoadError> {
        let key = name.to_ascii_lowercase();
        if self.tables.contains_key(&key) {
            return Ok(key);
        }
        self.check_word("table", name)?;
        if inventory::is_taken(self.sql, name)? {
            return Err(self.wrong(format_args!("the table `{name}` has a name that the server uses itself")));
        }
        if self.tables.len() >= self.limits.inventory_tables {
            return Err(self.wrong(format_args!("there are more than {} tables", self.limits.inventory_tables)));
        }
        let table = inventory::make(self.sql, name)?;
        self.made_here.insert(table.id());
        self.tables.insert(key.clone(), table);
        Ok(key)
    }

    /// Makes the columns that a table lacks.
    fn columns(&mut self, key: &str, row: &[(String, Cell)]) -> Result<(), LoadError> {
        let table = &self.tables[key];
        let missing: Vec<String> =
            row.iter().filter(|(name, _)| table.column(name).is_none()).map(|(name, _)| name.clone()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        for name in &missing {
            self.check_word("column", name)?;
            if name.eq_ignore_ascii_case(inventory::GUID_COLUMN) {
                return Err(self.wrong("the column `Guid` is that of the computer, and no other"));
            }
        }
        if table.width() + missing.len() > self.limits.inventory_columns {
            let most = self.limits.inventory_columns;
            return Err(self.wrong(format_args!("a table has at most {most} columns")));
        }
        let table = self.tables.get_mut(key).expect("it was there above");
        Ok(inventory::widen(self.sql, table, missing)?)
    }

    fn check_word(&self, what: &str, name: &str) -> Result<(), LoadError> {
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if starts && plain && name.len() <= NAME_MAX {
            return Ok(());
        }
        let name: String = name.escape_debug().take(NAME_MAX).collect();
        Err(self.wrong(format_args!(
            "`{name}` is no name of a {what}: letters, digits and `_`, no digit first, {NAME_MAX} at most"
        )))
    }

    /// A moment of history, in milliseconds since 1970. What is to come is none, and would stand before all that follows.
    fn past(&self, at: Timestamp) -> Result<i64, LoadError> {
        let at_ms = at.as_millisecond();
        if at_ms > self.now_ms.saturating_add(AHEAD_MS_MAX) {
            let now = shown(self.now_ms)?;
            return Err(self.wrong(format_args!("`at` is {at}, which is to come: it is {now} at the server")));
        }
        Ok(at_ms)
    }

    fn execution(&mut self, line: &ExecutionLine) -> Result<(), LoadError> {
        let &ExecutionLine { _line, computer, task: guid, at, step, code, success } = line;
        let (computer, task) = (self.id(computer)?, self.subject(guid)?);
        let at_ms = self.past(at)?;
        let sequence = step.is_some() && self.sequences.contains(&guid);
        let step_number = step.map(i64::from);
        let row = ExecutionRow { sequence, computer, task, at_ms, step: step_number, code, success };
        fleet::add_execution(self.sql, &row)?;
        if step.is_none() {
            let result = self.results.entry((task, computer)).or_insert((at_ms, success));
            if result.0 <= at_ms {
                *result = (at_ms, success);
            }
            if self.results.len() >= RESULTS_HELD {
                self.write_results()?;
            }
        }
        Ok(())
    }

    fn write_results(&mut self) -> Result<(), StoreError> {
        let mut results: Vec<_> = self.results.drain().collect();
        results.sort_unstable_by_key(|(key, _)| *key);
        for ((task, computer), (at_ms, success)) in results {
            fleet::note_result(self.sql, task, computer, at_ms, success)?;
        }
        Ok(())
    }

    fn event(&mut self, line: &EventLine) -> Result<(), LoadError> {
        let EventLine { _line, computer, kind, task, package, at } = line;
        let found = policy::EVENTS.iter().find(|(name, _)| name == kind);
        let Some((name, of_package)) = found else {
            let all: Vec<_> = policy::EVENTS.iter().map(|(name, _)| *name).collect();
            return Err(self.wrong(format_args!("an event is one of: {}", all.join(", "))));
        };
        let computer = self.id(*computer)?;
        let task = task.map(|task| self.subject(task)).transpose()?;
        let package = package.map(|package| self.subject(package)).transpose()?;
        Ok(fleet::add_event(self.sql, computer, name, *of_package, task, package, self.past(*at)?)?)
    }

    fn snapshot(&mut self, line: SnapshotLine) -> Result<(), LoadError> {
        let SnapshotLine { _line, package: guid, bytes, hash } = line;
        check_name(&hash).map_err(|refused| self.wrong(format_args!("`hash`: {refused}")))?;
        if i64::try_from(bytes).is_err() {
            return Err(self.wrong("so many bytes cannot be kept"));
        }
        // The distribution point takes the files from where the package says that they are now (PKG-7).
        let package = policy::package(self.sql, guid)?;
        let list = |package| serde_json::to_string(&policy::codebases(package)).expect("a list of texts is JSON");
        let codebases = package.as_ref().map(list);
        let subject = self.subject(guid)?;
        Ok(fleet::put_snapshot(
            self.sql,
            subject,
            &fleet::SnapshotRow { bytes, hash, codebases, changed_ms: self.now_ms },
        )?)
    }

    /// Brings views and counters to what was loaded, and gives the number of lines.
    fn finish(mut self) -> Result<u64, LoadError> {
        self.write_results()?;
        for key in &self.touched {
            inventory::finish(self.sql, &self.tables[key])?;
        }
        if self.new_computers {
            fleet::bump(self.sql, fleet::MARK)?;
        }
        if self.inventory {
            fleet::bump(self.sql, fleet::INVENTORY)?;
        }
        fleet::bump(self.sql, fleet::REVISION)?;
        Ok(self.lines)
    }
}
