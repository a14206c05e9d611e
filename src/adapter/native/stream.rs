//! Reads `/v1/state` as it comes: a header, items, an end with their count and digest. Pure.
//!
//! A state is whole only when its end came and tells the truth; everything else is broken, with what came of it.

use std::ops::Range;

use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;

use super::wire;

/// The longest line that is taken, in bytes, its end not counted.
pub const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The most items that are taken.
const ITEMS_MAX: usize = 5_000_000;

/// A state as far as it came.
#[derive(Default)]
pub struct State {
    /// Its first line.
    pub header: Option<wire::Header>,
    bytes: Vec<u8>,
    items: Vec<Range<usize>>,
}

impl State {
    /// The item lines, without their ends.
    pub fn lines(&self) -> Vec<&[u8]> {
        self.items.iter().map(|range| &self.bytes[range.clone()]).collect()
    }

    /// How many items came.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no item came.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// A state that did not come in full.
pub struct Incomplete {
    /// What came of it.
    pub state: State,
    /// What is wrong with it.
    pub why: String,
}

/// Takes a state piece by piece.
pub struct StateReader {
    state: State,
    /// Where the line begins that has not ended yet.
    begin: usize,
    digest: Sha256,
    end: Option<wire::End>,
    broken: Option<String>,
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type", borrow)]
    tag: std::borrow::Cow<'a, str>,
}

impl StateReader {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { state: State::default(), begin: 0, digest: Sha256::new(), end: None, broken: None }
    }

    /// Takes the next piece; after an error the rest is not worth reading.
    ///
    /// # Errors
    /// What does not follow the contract.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let mut from = self.state.bytes.len();
        self.state.bytes.extend_from_slice(piece);
        let result = loop {
            let Some(length) = memchr::memchr(b'\n', &self.state.bytes[from..]) else {
                break Self::short(self.state.bytes.len() - self.begin);
            };
            let line = self.begin..from + length;
            from += length + 1;
            self.begin = from;
            if let Err(why) = Self::short(line.len()).and_then(|()| self.line(line)) {
                break Err(why);
            }
        };
        if let Err(why) = &result {
            self.broken = Some(why.clone());
        }
        result
    }

    /// Says that no more comes.
    ///
    /// # Errors
    /// With what came, and what is wrong with it.
    pub fn finish(mut self) -> Result<State, Box<Incomplete>> {
        let rest = self.begin..self.state.bytes.len();
        if self.broken.is_none() && !rest.is_empty() {
            // The last line may lack its end; half a line is no JSON and so no `end`.
            self.broken = match self.end {
                Some(_) => Some("something follows its end".to_owned()),
                None => self.line(rest).err(),
            };
        }
        let why = match (self.broken, self.end) {
            (Some(why), _) => why,
            (None, None) => "it ends before its end".to_owned(),
            (None, Some(end)) => match truth(&end, self.state.len(), &self.digest.finalize()) {
                Ok(()) => return Ok(self.state),
                Err(why) => why,
            },
        };
        Err(Box::new(Incomplete { state: self.state, why }))
    }

    fn short(length: usize) -> Result<(), String> {
        if length > LINE_BYTES_MAX { Err(format!("a line is longer than {LINE_BYTES_MAX} bytes")) } else { Ok(()) }
    }

    fn line(&mut self, range: Range<usize>) -> Result<(), String> {
        let line = &self.state.bytes[range.clone()];
        if self.end.is_some() {
            return Err("something follows its end".to_owned());
        }
        // As the server writes it: almost every line, told without parsing.
        let item = line.starts_with(br#"{"type":"item","#);
        let tag = if item { "item".into() } else { tag(line)? };
        match (&*tag, &self.state.header) {
            ("header", None) => {
                let header: wire::Header = read(line, "header")?;
                if header.format != wire::STATE_FORMAT {
                    let found = header.format;
                    return Err(format!("it has format {found}; this program reads {}", wire::STATE_FORMAT));
                }
                self.state.header = Some(header);
            }
            (_, None) => return Err("it does not begin with a header".to_owned()),
            ("item", Some(_)) => {
                if self.state.items.len() == ITEMS_MAX {
                    return Err(format!("it has more than {ITEMS_MAX} items"));
                }
                self.digest.update(line);
                self.digest.update(b"\n");
                self.state.items.push(range);
            }
            ("end", Some(_)) => self.end = Some(read(line, "end")?),
            _ => return Err("it has a line that is no header, item or end".to_owned()),
        }
        Ok(())
    }
}

impl Default for StateReader {
    fn default() -> Self {
        Self::new()
    }
}

fn tag(line: &[u8]) -> Result<String, String> {
    let tag: Tag<'_> = serde_json::from_slice(line).map_err(|_| "it has a line without a type".to_owned())?;
    Ok(tag.tag.into_owned())
}

fn read<'a, T: Deserialize<'a>>(line: &'a [u8], what: &str) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|_| format!("its {what} cannot be read"))
}

fn truth(end: &wire::End, count: usize, digest: &[u8]) -> Result<(), String> {
    if end.count != count as u64 {
        return Err(format!("it has {count} items and says that it has {}", end.count));
    }
    if end.digest != format!("sha256:{}", hex(digest)) {
        return Err("its digest is not that of its items".to_owned());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}
