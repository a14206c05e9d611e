//! Wire ↔ model, pure: item lines to items, and items to the bodies of requests.

use std::collections::BTreeSet;

use rayon::prelude::*;
use secrecy::SecretString;

use crate::adapter::AdapterError;
use crate::adapter::Directory;
use crate::adapter::Envelope;
use crate::adapter::Secrets;
use crate::adapter::names::Entry;
use crate::adapter::names::Names;
use crate::adapter::names::bare;
use crate::adapter::secret_name;
use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::ObservedItem;
use crate::model::package::SecretRef;

pub use crate::adapter::shown::shown;

use super::specs;
use super::specs::ToGuids;
use super::wire;

/// Kinds that a server shows of itself and that no manifest has: the hidden tasks of sequences (SEQ-7).
const INTERNAL: [&str; 1] = ["StepTask"];

/// What the lines of a state say.
#[derive(Debug, Default)]
pub struct Items {
    /// The items, in the order of the lines.
    pub items: Vec<ObservedItem>,
    /// Kinds among them that this program does not know, each once, in order.
    pub unknown: Vec<String>,
}

struct Raw {
    guid: Guid,
    kind: Kind,
    name: String,
    folder: Option<Guid>,
    package: Option<Guid>,
    attributes: BTreeSet<Attribute>,
    revision: String,
    spec: wire::Spec,
}

enum Line {
    Item(Box<Raw>),
    Internal,
    Unknown(String),
}

/// Reads item lines and names what they say.
///
/// With `lenient`, lines that cannot be read are passed over: for a state that is known to be incomplete.
///
/// # Errors
/// What is wrong, with the item and the field.
pub fn items(lines: &[&[u8]], lenient: bool) -> Result<Items, String> {
    let read: Vec<Result<Line, String>> = lines.par_iter().map(|line| self::line(line)).collect();
    let mut raws = Vec::with_capacity(read.len());
    let mut unknown = BTreeSet::new();
    for line in read {
        match line {
            Ok(Line::Item(raw)) => raws.push(*raw),
            Ok(Line::Internal) => {}
            Ok(Line::Unknown(kind)) => drop(unknown.insert(kind)),
            Err(_) if lenient => {}
            Err(why) => return Err(why),
        }
    }
    let entries: Vec<Entry<'_>> = raws
        .iter()
        .map(|raw| Entry { guid: raw.guid, kind: raw.kind, name: &raw.name, folder: raw.folder, package: raw.package })
        .collect();
    let names = Names::of(&entries)?;
    drop(entries);
    let items: Vec<ObservedItem> = raws.into_par_iter().map(|raw| observed(raw, &names)).collect();
    if let Some(twin) = Names::twins(items.iter().map(|item| &item.item.key)) {
        return Err(format!("two items are called `{}`", shown(&twin.to_string())));
    }
    Ok(Items { items, unknown: unknown.into_iter().collect() })
}

fn line(line: &[u8]) -> Result<Line, String> {
    let text = std::str::from_utf8(line).map_err(|_| "an item is not UTF-8 text".to_owned())?;
    let item: wire::ItemLine<'_> =
        serde_json::from_str(text).map_err(|error| format!("an item, {}", fault(text, &error)))?;
    let Ok(kind) = item.kind.parse::<Kind>() else {
        return Ok(if INTERNAL.contains(&&*item.kind) { Line::Internal } else { Line::Unknown(shown(&item.kind)) });
    };
    let called = || format!("{} `{}` ({})", kind.short(), shown(&item.name), item.guid);
    if item.package.is_some() != (kind == Kind::Program) {
        return Err(format!("{}: a program, and only a program, names its package", called()));
    }
    let json = item.spec.get();
    let spec = wire::Spec::read(kind, json).map_err(|error| format!("{}, {}", called(), fault(json, &error)))?;
    let wire::ItemLine { guid, kind: _, name, folder, package, attributes, revision, spec: _ } = item;
    Ok(Line::Item(Box::new(Raw { guid, kind, name, folder, package, attributes, revision, spec })))
}

fn observed(raw: Raw, names: &Names) -> ObservedItem {
    let Raw { guid, kind, name: _, folder, package: _, attributes, revision, spec } = raw;
    let key = names.key(guid).expect("every item was named");
    let password_set = spec.password_set();
    let password_mark = spec.password_mark().map(str::to_owned);
    let spec = specs::read(spec, &key.name, names);
    let mut item = Item::new(key, spec);
    item.attributes = attributes;
    item.folder = if has_folder(kind) { folder.map(|folder| names.folder(folder)) } else { None };
    ObservedItem { guid, revision, password_set, password_mark, item }
}

/// Whether the folder of such an item is for people to choose. Programs live in the hidden programs folder
/// (altiris-domain §1), singletons in none.
const fn has_folder(kind: Kind) -> bool {
    !matches!(kind, Kind::Program) && !kind.is_singleton()
}

/// What is wrong with a JSON text, and in which field.
fn fault(json: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    // A line and column of a text that nobody sees help nobody.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let field = field_at(json, error.column());
    if field.is_empty() { shown(what) } else { format!("field `{}`: {}", shown(&field), shown(what)) }
}

/// The path of the value that ends or begins at a column (1 the first byte) of a one-line JSON text.
fn field_at(json: &str, column: usize) -> String {
    let bytes = json.as_bytes();
    let end = column.min(bytes.len());
    // The names on the way down; `None` in an array. The last one of an object is the field being read.
    let mut path: Vec<Option<&str>> = Vec::new();
    let (mut at, mut text) = (0, "");
    while at < end {
        match bytes[at] {
            b'"' => {
                let from = at + 1;
                at = from;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                text = json.get(from..at.min(bytes.len())).unwrap_or_default();
            }
            b':' => {
                if let Some(last) = path.last_mut() {
                    *last = Some(text);
                }
            }
            b'{' | b'[' => path.push(None),
            // The closing byte is where a fault of the whole is noticed: that is no field within it.
            b'}' | b']' => drop(path.pop()),
            b',' if at + 1 < end => {
                // Between two fields of an object none is being read; an array has no names anyway.
                if let Some(last) = path.last_mut() {
                    *last = None;
                }
            }
            _ => {}
        }
        at += 1;
    }
    path.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// What a write looks names and secrets up in.
pub struct Context<'a> {
    server: &'a str,
    item: &'a ItemKey,
    directory: &'a Directory,
    secrets: &'a Secrets,
}

impl<'a> Context<'a> {
    /// For a write about `item`.
    pub const fn new(server: &'a str, item: &'a ItemKey, envelope: &Envelope<'a>) -> Self {
        Self { server, item, directory: envelope.directory, secrets: envelope.secrets }
    }

    fn resolve(&self, target: ItemKey) -> Result<Guid, AdapterError> {
        match self.directory.get(&target) {
            Some(guid) => Ok(*guid),
            None => Err(AdapterError::Unresolved {
                server: self.server.to_owned(),
                item: self.item.clone(),
                target: Box::new(target),
            }),
        }
    }
}

impl ToGuids for Context<'_> {
    type Error = AdapterError;

    fn collection(&self, name: &str) -> Result<Guid, AdapterError> {
        self.resolve(ItemKey::new(Kind::Collection, name))
    }

    fn package(&self, name: &str) -> Result<Guid, AdapterError> {
        self.resolve(ItemKey::new(Kind::Package, name))
    }

    fn program(&self, package: &str, name: &str) -> Result<Guid, AdapterError> {
        self.resolve(ItemKey::program(package, name))
    }

    fn password(&self, reference: &SecretRef) -> Result<wire::Password, AdapterError> {
        let secret = secret_name(reference);
        match self.secrets.get(&secret) {
            Some(password) => Ok(wire::Password(SecretString::clone(password))),
            None => Err(AdapterError::NoSecret { item: self.item.clone(), secret }),
        }
    }

    fn mark(&self, account: &str, reference: &SecretRef) -> Option<String> {
        self.secrets.mark(account, reference)
    }
}

/// The body of the request that makes `state` true: of a create, or of an update of the item `guid`.
///
/// # Errors
/// [`AdapterError::Unresolved`] and [`AdapterError::NoSecret`].
pub fn body<'a>(
    state: &'a Item,
    guid: Option<Guid>,
    context: &Context<'_>,
) -> Result<wire::ItemBody<'a>, AdapterError> {
    let kind = state.key.kind;
    // An item that was told apart by its GUID keeps the name that it has.
    let path = guid.map_or(state.key.name.as_str(), |guid| bare(&state.key.name, guid));
    let (above, name) = match kind {
        Kind::Folder => parts(path, state.folder.as_deref()),
        // The server's own items keep their names, whatever a manifest calls them.
        Kind::PortalDefaults => (None, "SWD Programs"),
        Kind::PurgeSettings => (None, "Purge settings"),
        _ => (None, path),
    };
    let folder = match kind {
        Kind::Program => Some(Guid::PROGRAMS_FOLDER),
        Kind::Folder => above.map(|path| context.resolve(ItemKey::new(Kind::Folder, path))).transpose()?,
        _ if !has_folder(kind) => None,
        _ => state.folder.as_deref().map(|path| context.resolve(ItemKey::new(Kind::Folder, path))).transpose()?,
    };
    let package = match &state.key.package {
        Some(package) if guid.is_none() => Some(context.package(package)?),
        _ => None,
    };
    Ok(wire::ItemBody {
        kind: guid.is_none().then_some(kind),
        name,
        folder,
        package,
        attributes: &state.attributes,
        spec: specs::write(&state.spec, context)?,
    })
}

/// A folder's path as the path above it and its own name.
fn parts<'a>(path: &'a str, above: Option<&'a str>) -> (Option<&'a str>, &'a str) {
    // The path above, where it is known, says where the name begins even if that holds a `/`.
    let own = above.and_then(|above| path.strip_prefix(above)?.strip_prefix('/'));
    match (own, path.rsplit_once('/')) {
        (Some(own), _) => (above, own),
        (None, Some((above, own))) => (Some(above), own),
        (None, None) => (None, path),
    }
}
