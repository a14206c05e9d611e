//! Passwords of accounts. No server gives one out: what can be compared is whether there is one, and, where a key is
//! held, the mark that was put beside it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diff::FieldChange;
use crate::diff::effects;
use crate::diff::effects::Effect;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::observed::ObservedItem;
use crate::model::package::RunWith;
use crate::model::package::RunWithAccount;

/// The path of the field that stands for a program's password. Its values are never the password: `null` for none,
/// and the reference for where it comes from.
pub const PASSWORD_PATH: &str = "spec.runWith.password";

/// From no password to where it comes from, for a program whose account has none on the server.
///
/// Where the server has one, its mark is compared with the one that is expected; without a key nothing is told of it, for
/// which one it is cannot be read. Nothing either where the server does not say, and where the manifest has none to give.
pub fn password(observed: &ObservedItem, desired: &Item, marks: &Marks) -> Option<FieldChange> {
    let account = account(desired)?;
    let reference = account.password_from.as_ref()?;
    let before = match lacks_password(Some(observed), desired) {
        Some(_) => Value::Null,
        None => Value::from(other(observed, marks.of(account))?),
    };
    let after = serde_json::to_value(reference).expect("a reference prints as JSON: it is a text by its kind");
    let effect = effects::of(Kind::Program, PASSWORD_PATH)
        .map_or(Effect::FutureRuns, |entry| entry.case(&before, &after).effect);
    Some(FieldChange { path: PASSWORD_PATH.to_owned(), before, after, effect })
}

/// What the password of a program is on the server, where it is not the one that is expected.
fn other(observed: &ObservedItem, expected: &Expected) -> Option<&'static str> {
    let Expected::Is(mark) = expected else { return None };
    match &observed.password_mark {
        Some(there) if there == mark => None,
        Some(_) => Some("another password"),
        None if observed.password_set == Some(true) => Some("a password without a mark"),
        None => None,
    }
}

/// What mark a program's password should have on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nobody holds a key: whether a password changed is not seen.
    Unmarked,
    /// This one.
    Is(String),
    /// It cannot be told, and why.
    Unknown(String),
}

/// What marks passwords should have, by account and where the password comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<(String, String), Expected>);

impl Marks {
    /// What mark the password of an account should have.
    pub fn of(&self, account: &RunWithAccount) -> &Expected {
        self.0.get(&key_of(account)).unwrap_or(&Expected::Unmarked)
    }

    /// Says what mark it should have.
    pub fn put(&mut self, account: &RunWithAccount, expected: Expected) {
        self.0.insert(key_of(account), expected);
    }

    /// Whether some of them cannot be told.
    pub fn is_unseen(&self) -> bool {
        self.0.values().any(|expected| matches!(expected, Expected::Unknown(_)))
    }

    /// Whether that was said.
    pub fn has(&self, account: &RunWithAccount) -> bool {
        self.0.contains_key(&key_of(account))
    }
}

/// Case is no part of an account's name; a reference prints as where it leads, never as what is there.
fn key_of(account: &RunWithAccount) -> (String, String) {
    (account.account.to_lowercase(), format!("{:?}", account.password_from))
}

/// The account that a program is to run as, if the server is known to have no password for it: it is new there, runs
/// as somebody else, or has none.
pub fn lacks_password<'a>(observed: Option<&ObservedItem>, desired: &'a Item) -> Option<&'a RunWithAccount> {
    let account = account(desired)?;
    let has_none = match observed {
        Some(live) => match self::account(&live.item) {
            Some(own) if is_same_account(&own.account, &account.account) => live.password_set == Some(false),
            _ => true,
        },
        None => true,
    };
    has_none.then_some(account)
}

/// The account that a program runs as.
pub fn account(item: &Item) -> Option<&RunWithAccount> {
    match &item.spec {
        Spec::Program(program) => match &program.run_with {
            RunWith::Account(account) => Some(account),
            RunWith::Built(_) => None,
        },
        _ => None,
    }
}

/// Whether two names are those of one account: case is no part of it.
fn is_same_account(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
