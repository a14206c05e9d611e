//! Reads `/v1/fleet` as it comes, from a server or a file: a header, computers, what is known of them, an end with
//! count and digest. Pure.
//!
//! It is whole only when its end came and tells the truth. Of what is broken nothing is taken: a set of which half came
//! looks like another set.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::FleetRead;
use crate::model::collection::Query;
use crate::model::fleet::Computer;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::fleet::Licences;
use crate::model::fleet::Membership;
use crate::model::fleet::PackageKnowledge;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::reach::Known;

use super::convert::shown;
use super::stream::LINE_BYTES_MAX;

/// The format that is read.
const FORMAT: u64 = 1;
/// The most computers that are taken.
const COMPUTERS_MAX: usize = 5_000_000;
/// The most lines that are taken, besides those of computers.
const LINES_MAX: u64 = 5_000_000;

#[derive(Deserialize)]
struct Restarts<'a> {
    times: u64,
    #[serde(borrow)]
    computers: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Header {
        format: u64,
        instance: Guid,
        mark: String,
        time: Timestamp,
        server_zone: String,
    },
    Computer {
        guid: Guid,
        name: String,
        domain: String,
        zone: String,
        last_seen: Option<Timestamp>,
        retired: bool,
        roles: Vec<String>,
    },
    Members {
        collection: Guid,
        #[serde(borrow)]
        effective: Cow<'a, str>,
        #[serde(borrow)]
        query: Option<Cow<'a, str>>,
    },
    UnknownMembers {
        collection: Guid,
        why: String,
    },
    History {
        task: Guid,
        #[serde(borrow)]
        succeeded: Cow<'a, str>,
        #[serde(borrow)]
        failed: Cow<'a, str>,
        #[serde(borrow)]
        unknown: Cow<'a, str>,
        newest: Option<Timestamp>,
    },
    Package {
        package: Guid,
        #[serde(borrow)]
        cached: Cow<'a, str>,
        bytes: Option<u64>,
    },
    Licences {
        pool: u64,
        #[serde(borrow)]
        holders: Cow<'a, str>,
        #[serde(borrow)]
        plugin: Cow<'a, str>,
        expires: Option<Timestamp>,
        maintenance_expires: Option<Timestamp>,
    },
    Restarts {
        #[serde(borrow)]
        counts: Vec<Restarts<'a>>,
    },
    Gap {
        part: Part,
        why: String,
    },
    End {
        count: u64,
        digest: String,
    },
}

/// Takes a fleet piece by piece.
pub struct FleetReader {
    fleet: Fleet,
    mark: Option<String>,
    /// The line that has not ended yet.
    rest: Vec<u8>,
    count: u64,
    /// Lines that are no computers.
    others: u64,
    digest: Sha256,
    ended: bool,
    broken: Option<String>,
}

impl Default for FleetReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FleetReader {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self {
            fleet: Fleet::default(),
            mark: None,
            rest: Vec::new(),
            count: 0,
            others: 0,
            digest: Sha256::new(),
            ended: false,
            broken: None,
        }
    }

    /// Takes the next piece; after an error the rest is not worth reading.
    ///
    /// # Errors
    /// What does not follow the contract.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), String> {
        let result = self.take(piece);
        if let Err(why) = &result {
            self.broken = Some(why.clone());
        }
        result
    }

    fn take(&mut self, mut piece: &[u8]) -> Result<(), String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, more) = (&piece[..end], &piece[end + 1..]);
            if self.rest.len() + line.len() > LINE_BYTES_MAX {
                return Err(format!("a line is longer than {LINE_BYTES_MAX} bytes"));
            }
            if self.rest.is_empty() {
                self.line(line)?;
            } else {
                self.rest.extend_from_slice(line);
                let whole = std::mem::take(&mut self.rest);
                self.line(&whole)?;
            }
            piece = more;
        }
        if self.rest.len() + piece.len() > LINE_BYTES_MAX {
            return Err(format!("a line is longer than {LINE_BYTES_MAX} bytes"));
        }
        self.rest.extend_from_slice(piece);
        Ok(())
    }

    /// Says that no more comes.
    ///
    /// # Errors
    /// What is wrong with it: then nothing of it may be used.
    pub fn finish(mut self) -> Result<FleetRead, String> {
        if self.broken.is_none() && !self.rest.is_empty() {
            // The last line may lack its end; half a line is no JSON.
            let line = std::mem::take(&mut self.rest);
            self.broken = self.line(&line).err();
        }
        match (self.broken, self.ended) {
            (Some(why), _) => Err(why),
            (None, false) => Err("it ends before its end".to_owned()),
            (None, true) => {
                if self.fleet.licences.is_none() {
                    let untold = || "the server told nothing of them".to_owned();
                    self.fleet.gaps.entry(Part::Licences).or_insert_with(untold);
                }
                Ok(FleetRead { fleet: self.fleet, mark: self.mark })
            }
        }
    }

    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        if self.ended {
            return Err("something follows its end".to_owned());
        }
        let line: Line<'_> = serde_json::from_slice(text)
            .map_err(|error| format!("line {} cannot be read: {}", self.count + 2, shown(&error.to_string())))?;
        match (line, &self.mark) {
            (Line::Header { format, instance, mark, time, server_zone }, None) => {
                if format != FORMAT {
                    return Err(format!("it has format {format}; this program reads {FORMAT}"));
                }
                self.mark = Some(mark);
                self.fleet.instance = Some(instance);
                self.fleet.read_at = time;
                self.fleet.server_zone = server_zone;
                return Ok(());
            }
            (Line::Header { .. }, Some(_)) => return Err("it has two headers".to_owned()),
            (_, None) => return Err("it does not begin with a header".to_owned()),
            (Line::End { count, digest }, Some(_)) => return self.end(count, &digest),
            (line, Some(_)) => self.known(line)?,
        }
        self.count += 1;
        self.digest.update(text);
        self.digest.update(b"\n");
        Ok(())
    }

    fn end(&mut self, count: u64, digest: &str) -> Result<(), String> {
        if count != self.count {
            return Err(format!("it has {} lines and says that it has {count}", self.count));
        }
        let found = std::mem::take(&mut self.digest).finalize();
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != format!("sha256:{found}") {
            return Err("its digest is not that of its lines".to_owned());
        }
        self.ended = true;
        Ok(())
    }

    fn known(&mut self, line: Line<'_>) -> Result<(), String> {
        if !matches!(line, Line::Computer { .. }) {
            self.others += 1;
            if self.others > LINES_MAX {
                return Err(format!("it has more than {LINES_MAX} lines"));
            }
        }
        let n = self.fleet.computers.len();
        let fleet = &mut self.fleet;
        let is_new = match line {
            Line::Computer { guid, name, domain, zone, last_seen, retired, roles } => {
                let computer = Computer { guid, name, domain, zone, last_seen, retired, roles };
                return self.computer(computer);
            }
            Line::Members { collection, effective, query } => {
                let query = query.map(|query| set(&query, n)).transpose()?;
                fleet.members.insert(collection, Membership { effective: set(&effective, n)?, query }).is_none()
            }
            Line::UnknownMembers { collection, why } => fleet.unknown_members.insert(collection, shown(&why)).is_none(),
            Line::History { task, succeeded, failed, unknown, newest } => {
                let (succeeded, failed, unknown) = (set(&succeeded, n)?, set(&failed, n)?, set(&unknown, n)?);
                let history = History { succeeded, failed, unknown, newest };
                if !is_possible(&history) {
                    return Err(format!("task {task} ended in two ways at once on the same computer"));
                }
                fleet.history.insert(task, history).is_none()
            }
            Line::Package { package, cached, bytes } => {
                fleet.packages.insert(package, PackageKnowledge { cached: set(&cached, n)?, bytes }).is_none()
            }
            Line::Licences { pool, holders, plugin, expires, maintenance_expires } => {
                let (holders, plugin) = (set(&holders, n)?, set(&plugin, n)?);
                fleet.licences.replace(Licences { pool, holders, plugin, expires, maintenance_expires }).is_none()
            }
            Line::Restarts { counts } => {
                let mut restarts = BTreeMap::new();
                for Restarts { times, computers } in counts {
                    if restarts.insert(times, set(&computers, n)?).is_some() {
                        return Err("it tells the same thing twice".to_owned());
                    }
                }
                fleet.restarts.replace(restarts).is_none()
            }
            Line::Gap { part, why } => fleet.gaps.insert(part, shown(&why)).is_none(),
            Line::Header { .. } | Line::End { .. } => return Err("it has a header or an end inside".to_owned()),
        };
        if is_new { Ok(()) } else { Err("it tells the same thing twice".to_owned()) }
    }

    fn computer(&mut self, computer: Computer) -> Result<(), String> {
        if self.others > 0 {
            return Err("a computer comes after what is known of computers".to_owned());
        }
        if self.fleet.computers.len() == COMPUTERS_MAX {
            return Err(format!("it has more than {COMPUTERS_MAX} computers"));
        }
        // Their order gives them their numbers; one that comes twice would have two.
        if self.fleet.computers.last().is_some_and(|last| last.guid >= computer.guid) {
            return Err(format!("computer {} is out of order", computer.guid));
        }
        self.fleet.computers.push(computer);
        Ok(())
    }
}

/// A computer ends a task in one way at a time.
fn is_possible(history: &History) -> bool {
    let History { succeeded, failed, unknown, newest: _ } = history;
    succeeded.is_disjoint(failed) && succeeded.is_disjoint(unknown) && failed.is_disjoint(unknown)
}

/// A set of numbers below `computers`, as the contract writes it.
///
/// # Errors
/// When it is no such set.
pub fn set(text: &str, computers: usize) -> Result<Computers, String> {
    let bytes = STANDARD.decode(text).map_err(|_| "a set is no base64".to_owned())?;
    // Each block holds 65,536 numbers: a short text that claims many would grow beyond all bounds.
    let word = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let cookie = word(0).ok_or("a set is cut")?;
    let blocks = if cookie & 0xffff == 12347 { (cookie >> 16) + 1 } else { word(4).ok_or("a set is cut")? };
    if blocks as usize > computers.div_ceil(65_536) {
        return Err("a set names computers that are not there".to_owned());
    }
    let mut rest = bytes.as_slice();
    let set = Computers::deserialize_from(&mut rest).map_err(|_| "a set cannot be read".to_owned())?;
    if !rest.is_empty() {
        return Err("something follows the end of a set".to_owned());
    }
    if set.max().is_some_and(|max| max as usize >= computers) {
        return Err("a set names computers that are not there".to_owned());
    }
    Ok(set)
}

/// Reads a fleet that is there as a whole, such as a file.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8]) -> Result<FleetRead, String> {
    let mut reader = FleetReader::new();
    // What is wrong is kept and told at the end.
    let _ = reader.push(bytes);
    reader.finish()
}

/// The body of a question to `/v1/evaluate`.
pub fn question(query: &Query) -> Vec<u8> {
    let body = serde_json::json!({ "query": { "language": query.language(), "text": query.text() } });
    body.to_string().into_bytes()
}

#[derive(Deserialize)]
struct Evaluated<'a> {
    mark: String,
    #[serde(borrow)]
    set: Cow<'a, str>,
    computers: u64,
}

/// Whom a query finds, from the answer of `/v1/evaluate`, of the computers that were read before.
pub fn evaluated(body: &[u8], read: &FleetRead) -> Known<Computers> {
    let answer: Evaluated<'_> = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => return Known::Unknown(format!("the answer cannot be read: {}", shown(&error.to_string()))),
    };
    if read.mark.as_ref() != Some(&answer.mark) {
        let why = "computers were added or removed since they were read, so that numbers mean others";
        return Known::Unknown(why.to_owned());
    }
    match set(&answer.set, read.fleet.computers.len()) {
        Ok(set) if set.len() == answer.computers => Known::Is(set),
        Ok(_) => Known::Unknown("the answer counts other computers than it names".to_owned()),
        Err(why) => Known::Unknown(why),
    }
}
