//! Passwords of accounts. No server gives one out, so all that can be compared is whether there is one.

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
/// Nothing where the server has one, right or wrong: which one it is cannot be read. Nothing either where it does not
/// say, and where the manifest has none to give.
pub fn password(observed: &ObservedItem, desired: &Item) -> Option<FieldChange> {
    let account = lacks_password(Some(observed), desired)?;
    let reference = account.password_from.as_ref()?;
    let after = serde_json::to_value(reference).expect("a reference prints as JSON: it is a text by its kind");
    let effect = effects::of(Kind::Program, PASSWORD_PATH)
        .map_or(Effect::FutureRuns, |entry| entry.case(&Value::Null, &after).effect);
    Some(FieldChange { path: PASSWORD_PATH.to_owned(), before: Value::Null, after, effect })
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
