//! The whole state as lines of JSON: a header, the items, and an end that counts and digests them, so that a read that
//! was cut off cannot look complete.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::hex;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::meta;

/// The form of the stream; another one gets another number.
pub const FORMAT: u64 = 1;

/// How large a piece of the stream is, about.
const CHUNK_BYTES: usize = 64 * 1024;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// `header`.
    #[serde(rename = "type")]
    pub line: String,
    /// The form of the stream.
    pub format: u64,
    /// The database it is from.
    pub instance: Guid,
    /// The number of the last change in it.
    pub state: String,
    /// When it was read.
    pub time: String,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// `end`.
    #[serde(rename = "type")]
    pub line: String,
    /// How many items came before it.
    pub count: u64,
    /// `sha256:` and the digest of all their lines, each with its line end.
    pub digest: String,
}

/// One moment of the state, to be streamed from a connection of its own.
pub struct Snapshot {
    sql: Connection,
    /// The number of the last change in it.
    pub state: u64,
}

impl App {
    /// One moment of the state, if the store can give one that holds nobody up; otherwise see [`Self::state_chunks`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let Some(sql) = self.store().snapshot()? else { return Ok(None) };
        // The first read of a transaction is what fixes its moment.
        let state = meta::number(&sql, "sequence")?;
        Ok(Some(Snapshot { sql, state }))
    }

    /// Streams a snapshot to `sink`, piece by piece; `internal`: with the hidden step tasks.
    ///
    /// # Errors
    /// What `sink` returns, which ends it; and when the store fails.
    pub fn stream<E: From<StoreError>>(
        &self,
        snapshot: &Snapshot,
        internal: bool,
        sink: impl FnMut(Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write_lines(&snapshot.sql, snapshot.state, internal, sink)
    }

    /// The number of the last change, and the whole stream in pieces.
    ///
    /// # Errors
    /// When the store fails.
    pub fn state_chunks(&self, internal: bool) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        self.store().read(|sql| {
            let state = meta::number(sql, "sequence")?;
            let mut chunks = Vec::new();
            self.write_lines(sql, state, internal, |chunk| {
                chunks.push(chunk);
                Ok::<_, StoreError>(())
            })?;
            Ok((state, chunks))
        })
    }

    fn write_lines<E: From<StoreError>>(
        &self,
        sql: &Connection,
        state: u64,
        internal: bool,
        mut sink: impl FnMut(Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        sink(line(&Header {
            line: "header".to_owned(),
            format: FORMAT,
            instance: self.instance(),
            state: state.to_string(),
            time: self.now().to_string(),
        }))?;
        let mut hash = Sha256::new();
        let mut count = 0;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        items::each(sql, internal, |json| {
            item_line(json, &mut chunk)?;
            count += 1;
            if chunk.len() >= CHUNK_BYTES {
                hash.update(&chunk);
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4));
                sink(full)?;
            }
            Ok::<_, E>(())
        })?;
        hash.update(&chunk);
        let digest = format!("sha256:{}", hex(&hash.finalize()));
        chunk.extend(line(&End { line: "end".to_owned(), count, digest }));
        sink(chunk)
    }
}

/// The line of an item: its stored JSON, with its type in front.
fn item_line(json: &str, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let fields = json.strip_prefix('{').ok_or(StoreError::Corrupt { what: "item" })?;
    out.extend_from_slice(br#"{"type":"item","#);
    out.extend_from_slice(fields.as_bytes());
    out.push(b'\n');
    Ok(())
}

/// A line of a stream: JSON and a line end.
pub(in crate::server::app) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).expect("a line has text keys and whole numbers only");
    text.push(b'\n');
    text
}
