//! What marks the passwords of programs should have on a server (PLN-13). The only place that reads a password for
//! anything but sending it, and it reads none for a proposal.

use std::collections::BTreeMap;

use camino::Utf8Path;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::adapter::secret_name;
use crate::cli::failure::chain;
use crate::diff::Expected;
use crate::diff::Marks;
use crate::diff::account;
use crate::model::package::RunWithAccount;
use crate::model::package::SecretRef;
use crate::model::project::SecretSource;
use crate::model::project::ServerConfig;
use crate::model::site::Site;
use crate::sys::hmac::password_mark;
use crate::sys::secrets;

/// The secrets that a project declares, by name.
pub type Declared = BTreeMap<String, SecretSource>;

/// The marks that a server should have, where the project holds a key for it. In a proposal, one that has a base, nothing
/// that a manifest names is read or run: there they are not known.
pub fn marks(declared: &Declared, config: &ServerConfig, root: &Utf8Path, site: &Site, is_proposal: bool) -> Marks {
    let mut marks = Marks::default();
    let Some(source) = &config.password_key_from else { return marks };
    let mut accounts = site.items.values().filter_map(account).filter(|one| one.password_from.is_some()).peekable();
    if accounts.peek().is_none() {
        return marks;
    }
    let key = if is_proposal {
        Err("no password is read for a proposal".to_owned())
    } else {
        key_of(source, root).map_err(|why| format!("the key is not there: {why}"))
    };
    let mut read = BTreeMap::new();
    for account in accounts {
        if !marks.has(account) {
            let expected = match &key {
                Ok(key) => expected(declared, root, account, key, &mut read),
                Err(why) => Expected::Unknown(why.clone()),
            };
            marks.put(account, expected);
        }
    }
    marks
}

/// The fewest bytes of a key: whoever may read a server's marks could try passwords and keys that are short.
const KEY_BYTES_MIN: usize = 32;

/// Reads the key that passwords are marked with.
///
/// # Errors
/// Why it cannot be had, or is none; never any of it.
pub fn key_of(source: &SecretSource, root: &Utf8Path) -> Result<SecretString, String> {
    let key = secrets::resolve(source, root).map_err(|error| chain(&error))?;
    if key.expose_secret().len() < KEY_BYTES_MIN {
        return Err(format!("it is shorter than {KEY_BYTES_MIN} bytes; `openssl rand -hex 32` makes one"));
    }
    Ok(key)
}

/// A secret that was read once, or why it cannot be.
type Read = BTreeMap<String, Result<SecretString, String>>;

fn expected(
    declared: &Declared,
    root: &Utf8Path,
    account: &RunWithAccount,
    key: &SecretString,
    read: &mut Read,
) -> Expected {
    let Some(reference) = &account.password_from else { return Expected::Unmarked };
    let password = read.entry(secret_name(reference)).or_insert_with(|| resolve(declared, reference, root));
    match password {
        Ok(password) => Expected::Is(password_mark(key.expose_secret(), &account.account, password.expose_secret())),
        Err(why) => Expected::Unknown(why.clone()),
    }
}

/// Reads a secret that a manifest refers to.
///
/// # Errors
/// Why it cannot be had; never any of it.
pub fn resolve(declared: &Declared, reference: &SecretRef, root: &Utf8Path) -> Result<SecretString, String> {
    let missing = || format!("`consign.yaml` declares no such secret: `{}`", secret_name(reference));
    let source = reference.source(declared).ok_or_else(missing)?;
    secrets::resolve(&source, root).map_err(|error| chain(&error))
}
