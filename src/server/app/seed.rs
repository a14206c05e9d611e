//! Starting from an exported state.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::Read;

use sha2::Digest;
use sha2::Sha256;

use crate::server::app::App;
use crate::server::app::audit::Action;
use crate::server::app::audit_of;
use crate::server::app::built_in;
use crate::server::app::hex;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::items::check_name;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::RunWith;
use crate::server::app::state::End;
use crate::server::app::state::FORMAT;
use crate::server::app::state::Header;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Writer;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::meta;

/// The longest line of a seed, in bytes.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Why a seed was not taken. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database holds something.
    #[error("the database is not empty")]
    NotEmpty,
    /// It could not be read.
    #[error("cannot read the seed")]
    Read(#[from] std::io::Error),
    /// A line is not what belongs there.
    #[error("line {line} of the seed: {why}")]
    Line {
        /// Its number, 1 the first.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// It was cut off or changed.
    #[error("the seed is not whole: its end says {said}, and there is {there}")]
    NotWhole {
        /// What the end says.
        said: String,
        /// What there is.
        there: String,
    },
    /// The store failed.
    #[error("cannot store the seed")]
    Store(#[from] StoreError),
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// How many items.
    pub items: u64,
    /// How many programs run with an account whose password does not travel.
    pub without_password: u64,
}

impl App {
    /// Takes an exported state, byte for byte what `GET /v1/export` gives, into an empty database: GUIDs, revisions
    /// and dates stay. Passwords are in no export, so `passwordSet` becomes false.
    ///
    /// # Errors
    /// When the database is not empty, or the seed not whole; then nothing of it is taken.
    pub fn seed(&self, from: &mut dyn BufRead) -> Result<Seeded, SeedError> {
        let now = self.now();
        let caller = Caller::server();
        self.store().write(|sql| {
            if items::count(sql)? != built_in::COUNT as u64 || meta::number(sql, "sequence")? != built_in::COUNT as u64
            {
                return Err(SeedError::NotEmpty);
            }
            items::clear(sql)?;
            items::check_at_commit(sql)?;
            let mut lines = Lines { from, line: 0 };
            let header: Header = lines.header()?;
            let mut writer = Writer::begin(sql, &caller, now, self.inner.ids.as_ref()).map_err(unexpected)?;
            let (seeded, last) = lines.items(|item, json| {
                items::insert(sql, &item.row(json))?;
                let mut did = audit_of(Action::Create, item);
                did.revision_after = Some(item.revision);
                Ok(writer.audit(did)?)
            })?;
            writer.finish().map_err(unexpected)?;
            let state = header.state.parse::<u64>().unwrap_or_default().max(last);
            meta::set(sql, "sequence", &state.to_string())?;
            built_in::make(sql, now)?;
            let writer = Writer::begin(sql, &caller, now, self.inner.ids.as_ref()).map_err(unexpected)?;
            tie(&writer)?;
            Ok(seeded)
        })
    }
}

/// Makes the rows of references, once every item is there.
fn tie(writer: &Writer<'_>) -> Result<(), SeedError> {
    let mut all = Vec::new();
    items::each(writer.sql, true, |json| {
        all.push(Item::stored(json)?);
        Ok::<_, StoreError>(())
    })?;
    let there: BTreeSet<_> = all.iter().map(|item| item.guid).collect();
    for item in &all {
        let orphan = matches!(&item.spec, Spec::StepTask(step) if step.sequence.is_none());
        let whole = item.spec.references().iter().all(|reference| there.contains(&reference.child));
        // A step task without a sequence may outlive its package (SEQ-7).
        if orphan && !whole {
            continue;
        }
        let refused = |refused: Refused| SeedError::Line { line: 0, why: format!("item {}: {refused}", item.guid) };
        writer.check_references(&item.spec).map_err(refused)?;
        if item.kind == Kind::Folder {
            // Folders within themselves are deeper than any.
            writer.check_depth(item.folder, 0).map_err(refused)?;
        }
        writer.place_references(item)?;
    }
    for item in &all {
        if item.spec.references().iter().all(|reference| there.contains(&reference.child)) {
            writer.sync_references(item)?;
        }
    }
    for item in &all {
        writer.check_no_cycle(item.guid, &item.spec).map_err(unexpected)?;
    }
    Ok(())
}

fn unexpected(refused: Refused) -> SeedError {
    match refused.source {
        Some(source) => SeedError::Store(*source),
        None => SeedError::Line { line: 0, why: refused.message },
    }
}

/// The lines of a seed.
struct Lines<'a> {
    from: &'a mut dyn BufRead,
    line: u64,
}

impl Lines<'_> {
    fn wrong(&self, why: impl std::fmt::Display) -> SeedError {
        SeedError::Line { line: self.line, why: why.to_string() }
    }

    /// The next line, with its line end; empty at the end of the file.
    fn next(&mut self) -> Result<String, SeedError> {
        self.line += 1;
        let mut bytes = Vec::new();
        (&mut *self.from).take(LINE_MAX).read_until(b'\n', &mut bytes)?;
        if bytes.len() as u64 == LINE_MAX && bytes.last() != Some(&b'\n') {
            return Err(self.wrong("it is too long"));
        }
        String::from_utf8(bytes).map_err(|_| self.wrong("it is not UTF-8"))
    }

    fn header(&mut self) -> Result<Header, SeedError> {
        let text = self.next()?;
        let header: Header = serde_json::from_str(&text).map_err(|error| self.wrong(error))?;
        if header.line != "header" || header.format != FORMAT {
            return Err(self.wrong(format!("a seed starts with a header of format {FORMAT}")));
        }
        Ok(header)
    }

    /// Calls `each` with every item and its JSON; gives what there was, and the highest revision.
    fn items(
        &mut self,
        mut each: impl FnMut(&Item, &str) -> Result<(), SeedError>,
    ) -> Result<(Seeded, u64), SeedError> {
        let mut hash = Sha256::new();
        let mut seeded = Seeded { items: 0, without_password: 0 };
        let mut last = 0;
        loop {
            let text = self.next()?;
            if text.is_empty() {
                let (said, there) = ("nothing: the end is missing".to_owned(), format!("{} items", seeded.items));
                return Err(SeedError::NotWhole { said, there });
            }
            if text.starts_with(r#"{"type":"end""#) {
                let end: End = serde_json::from_str(&text).map_err(|error| self.wrong(error))?;
                check_end(&end, seeded.items, &hex(&hash.finalize()))?;
                if !self.next()?.is_empty() {
                    return Err(self.wrong("something follows the end"));
                }
                return Ok((seeded, last));
            }
            hash.update(text.as_bytes());
            let mut item = Item::from_json(text.trim_end()).map_err(|error| self.wrong(error))?;
            self.check(&item)?;
            seeded.items += 1;
            last = last.max(item.revision.0);
            if let Spec::Program(program) = &mut item.spec
                && let RunWith::Account { password, password_set, password_mark, .. } = &mut program.run_with
            {
                *password = None;
                *password_mark = None;
                seeded.without_password += u64::from(std::mem::take(password_set));
            }
            each(&item, &item.to_json())?;
        }
    }

    fn check(&self, item: &Item) -> Result<(), SeedError> {
        let Revision(revision) = item.revision;
        check_name(&item.name).map_err(|refused| self.wrong(refused))?;
        let value = serde_json::to_value(&item.spec).map_err(|error| self.wrong(error))?;
        Spec::parse(item.kind, &value).map_err(|refused| self.wrong(refused))?;
        if revision == 0 {
            return Err(self.wrong("a revision is at least 1"));
        }
        if item.package.is_some() != (item.kind == Kind::Program) {
            return Err(self.wrong("a program, and only a program, belongs to a package"));
        }
        Ok(())
    }
}

fn check_end(end: &End, count: u64, digest: &str) -> Result<(), SeedError> {
    if end.count != count {
        let (said, there) = (format!("{} items", end.count), format!("{count} items"));
        return Err(SeedError::NotWhole { said, there });
    }
    let there = format!("sha256:{digest}");
    if end.digest != there {
        return Err(SeedError::NotWhole { said: end.digest.clone(), there });
    }
    Ok(())
}
