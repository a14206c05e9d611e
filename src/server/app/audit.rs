//! The audit log: a row for every write, each with the hash of the one before.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::hex;
use crate::server::app::item::Revision;
use crate::server::app::kind::Kind;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::audit as rows;
use crate::server::store::meta;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// An item was made.
    Create,
    /// An item was changed.
    Update,
    /// A sequential task was changed and got a new GUID (SEQ-1).
    Replace,
    /// An item was removed.
    Delete,
    /// An item was written as it was.
    Unchanged,
    /// A lease was taken, renewed or given back.
    Lease,
    /// An item or portal request that nobody uses any more was removed (PUR-3), or rows of events (PUR-1).
    Purge,
    /// A token was made or taken back.
    Token,
    /// Computers, or what is known of them, were loaded or removed.
    Fleet,
    /// A request of the portal was made, approved or rejected (PTL-4).
    Portal,
    /// Licences came back (LIC-4).
    Licences,
}

/// One row of the log, less its hash. The order of the fields is that of the text which is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, 1 the first.
    pub seq: u64,
    /// When.
    pub time: String,
    /// The name of the token that did it.
    pub principal: String,
    /// The role of that token.
    pub role: String,
    /// What was done.
    #[serde(flatten)]
    pub did: Did,
    /// The hash of the plan that asked for it, as the caller gave it.
    pub plan_hash: Option<String>,
    /// The revision that the plan is of, as the caller gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The idempotency key.
    pub idempotency_key: Option<String>,
    /// The hash of the row before; of the first, that of the instance.
    pub previous_hash: String,
}

/// The revision of the manifests that a plan is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// Whether the manifests were those of the commit.
    pub clean: bool,
    /// The branch, where one was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Origin {
    /// That of a header: `commit=…&clean=…&branch=…`, each at most once and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut commit, mut clean, mut branch) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let slot = match name.as_ref() {
                "commit" => &mut commit,
                "clean" => &mut clean,
                "branch" => &mut branch,
                _ => return None,
            };
            if slot.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let is_hex = |text: &String| {
            matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let is_branch = |text: &String| !text.is_empty() && !text.chars().any(char::is_control);
        let clean = match clean?.as_str() {
            "true" => true,
            "false" => false,
            _ => return None,
        };
        if branch.as_ref().is_some_and(|branch| !is_branch(branch)) {
            return None;
        }
        Some(Self { commit: commit.filter(is_hex)?, clean, branch })
    }
}

/// What a row says was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Did {
    /// What.
    pub action: Action,
    /// To which item, lease or token.
    pub guid: Option<String>,
    /// Of which kind, for items.
    pub kind: Option<Kind>,
    /// Of which name; of a lease, its holder.
    pub name: Option<String>,
    /// The item's revision before.
    pub revision_before: Option<Revision>,
    /// The item's revision after.
    pub revision_after: Option<Revision>,
    /// The item's GUID after, where it got a new one (SEQ-1).
    pub new_guid: Option<Guid>,
    /// The fence it was done under.
    pub fence: Option<u64>,
}

impl Did {
    /// A row that says nothing but the action.
    pub const fn of(action: Action) -> Self {
        Self {
            action,
            guid: None,
            kind: None,
            name: None,
            revision_before: None,
            revision_after: None,
            new_guid: None,
            fence: None,
        }
    }
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
    /// The SHA-256 of that, as it is stored, in hexadecimal.
    pub hash: String,
}

impl Row {
    fn stored(entry: &str, hash: &str) -> Result<Self, StoreError> {
        let entry = serde_json::from_str(entry).map_err(|_| StoreError::Corrupt { what: "audit row" })?;
        Ok(Self { entry, hash: hash.to_owned() })
    }
}

/// The end of the log: the number and hash of its last row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    seq: u64,
    hash: String,
}

impl Head {
    pub(super) fn read(sql: &Connection) -> Result<Self, StoreError> {
        let seq = meta::number(sql, "audit_seq")?;
        let hash = match meta::get(sql, "audit_head")? {
            Some(hash) => hash,
            None => first(&meta::get(sql, "instance")?.ok_or(StoreError::Corrupt { what: "instance" })?),
        };
        Ok(Self { seq, hash })
    }

    pub(super) fn write(&self, sql: &Connection) -> Result<(), StoreError> {
        meta::set(sql, "audit_seq", &self.seq.to_string())?;
        meta::set(sql, "audit_head", &self.hash)
    }
}

/// What the first row follows: the log of one database is not that of another.
fn first(instance: &str) -> String {
    hex(&Sha256::digest(instance.as_bytes()))
}

impl Writer<'_> {
    /// Adds a row to the log.
    pub(super) fn audit(&mut self, did: Did) -> Result<(), StoreError> {
        let seq = self.head.seq + 1;
        let entry = Entry {
            seq,
            time: self.now.to_string(),
            principal: self.caller.principal.name.clone(),
            role: self.caller.principal.role.name().to_owned(),
            did: Did { fence: did.fence.or(self.caller.fence), ..did },
            plan_hash: self.caller.plan.clone(),
            origin: self.caller.origin.clone(),
            idempotency_key: self.caller.key.clone(),
            previous_hash: std::mem::take(&mut self.head.hash),
        };
        let text = serde_json::to_string(&entry).expect("a row has text keys and whole numbers only");
        let hash = hex(&Sha256::digest(text.as_bytes()));
        rows::append(self.sql, seq, &text, &hash)?;
        self.head = Head { seq, hash };
        Ok(())
    }
}

/// How the log does not hold together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Broken {
    /// A row is not the one that was written.
    #[error("row {0} of the audit log is not the one that was written")]
    Row(u64),
    /// A row is missing.
    #[error("row {0} of the audit log is missing")]
    Missing(u64),
}

impl App {
    /// Rows of the log after number `after`, at most `limit`, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn audit(&self, after: u64, limit: u64) -> Result<Vec<Row>, StoreError> {
        self.store().read(|sql| {
            let mut found = Vec::new();
            rows::each(sql, after, limit, |_, entry, hash| {
                found.push(Row::stored(entry, hash)?);
                Ok::<_, StoreError>(())
            })?;
            Ok(found)
        })
    }

    /// Rows of the log after number `after` that are about an item, by a GUID that it has or had, or by its name: at most
    /// `limit`, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn audit_about(&self, after: u64, limit: u64, about: &str) -> Result<Vec<Row>, StoreError> {
        self.store().read(|sql| {
            let mut found = Vec::new();
            rows::each_about(sql, after, limit, about, |_, entry, hash| {
                found.push(Row::stored(entry, hash)?);
                Ok::<_, StoreError>(())
            })?;
            Ok(found)
        })
    }

    /// Goes through the whole log and gives the number of its rows, or where it does not hold together: a row that was
    /// changed, taken out, put in or cut off the end.
    ///
    /// # Errors
    /// When the store fails.
    pub fn verify_audit(&self) -> Result<Result<u64, Broken>, StoreError> {
        self.store().read(|sql| {
            let mut last = Head { seq: 0, hash: first(&self.instance().to_string()) };
            let end = Head::read(sql)?;
            let mut broken = None;
            rows::each(sql, 0, i64::MAX.unsigned_abs(), |seq, text, hash| {
                if broken.is_none() {
                    broken = follows(&last, seq, text, hash).err();
                    last = Head { seq, hash: hash.to_owned() };
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(match broken {
                Some(broken) => Err(broken),
                None if last.seq < end.seq => Err(Broken::Missing(last.seq + 1)),
                None if last != end => Err(Broken::Row(last.seq)),
                None => Ok(last.seq),
            })
        })
    }

    /// The rows of items that were changed, which is what a judge of an apply looks at.
    ///
    /// # Errors
    /// When the store fails.
    pub fn effects(&self) -> Result<Vec<Row>, StoreError> {
        let quiet = [Action::Unchanged, Action::Lease, Action::Token, Action::Fleet, Action::Licences, Action::Portal];
        let all = self.audit(0, i64::MAX.unsigned_abs())?;
        Ok(all.into_iter().filter(|row| !quiet.contains(&row.entry.did.action)).collect())
    }
}

fn follows(last: &Head, seq: u64, text: &str, hash: &str) -> Result<(), Broken> {
    if seq != last.seq + 1 {
        return Err(Broken::Missing(last.seq + 1));
    }
    let entry: Entry = serde_json::from_str(text).map_err(|_| Broken::Row(seq))?;
    let sound = entry.seq == seq && entry.previous_hash == last.hash && hex(&Sha256::digest(text.as_bytes())) == hash;
    if sound { Ok(()) } else { Err(Broken::Row(seq)) }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn a_revision_is_taken_whole_or_not_at_all() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let good = format!("commit={commit}&clean=true&branch=a%2Fb+%C3%A4");
        let expected = Origin { commit: commit.to_owned(), clean: true, branch: Some("a/b ä".to_owned()) };
        assert_eq!(Origin::parse(&good), Some(expected));
        assert!(Origin::parse(&format!("commit={commit}&clean=false")).is_some_and(|origin| !origin.clean));
        for bad in [
            "",
            "commit=123&clean=true",
            &format!("commit={commit}"),
            &format!("commit={commit}&clean=yes"),
            &format!("commit={commit}&clean=true&branch="),
            &format!("commit={commit}&clean=true&branch=a%1B%5B2J"),
            &format!("commit={commit}&commit={commit}&clean=true"),
            &format!("commit={commit}&clean=true&more=1"),
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
