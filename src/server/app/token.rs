//! Bearer tokens: 256 random bits, kept as a digest only.

use schemars::JsonSchema;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::hex;
use crate::server::app::items::check_name;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::writer::Writer;
use crate::server::ids::Ids;
use crate::server::store::StoreError;
use crate::server::store::tokens;
use crate::server::store::tokens::TokenRow;

/// How every token starts, so that a scanner of secrets knows one.
const PREFIX: &str = "consign_";

/// Hexadecimal digits after the prefix.
const DIGITS: usize = 64;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// When it was made.
    pub created_at: String,
}

/// The token of these bits.
pub(super) fn of(secret: [u8; 32]) -> String {
    format!("{PREFIX}{}", hex(&secret))
}

/// A token that nobody knows yet.
pub fn fresh(ids: &dyn Ids) -> String {
    of(ids.secret())
}

/// Whether a text has the form of a token.
pub fn is_well_formed(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What is kept of a token. 256 random bits need no salt and no stretching.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Writer<'_> {
    /// Makes a token and gives it with its ID.
    ///
    /// # Errors
    /// As [`Self::add_token`].
    pub fn make_token(&mut self, name: &str, role: Role) -> Result<(String, String), Refused> {
        let token = of(self.ids.secret());
        let id = self.add_token(name, role, &token)?;
        Ok((id, token))
    }

    /// Lets in a token and gives its ID.
    ///
    /// # Errors
    /// `invalid` when it has not the form of one, or there is one of that name, or the name is none.
    pub fn add_token(&mut self, name: &str, role: Role, token: &str) -> Result<String, Refused> {
        check_name(name)?;
        if !is_well_formed(token) {
            return Err(Refused::invalid("token", "a token is `consign_` and 64 hexadecimal digits"));
        }
        if tokens::list(self.sql)?.iter().any(|other| other.name == name) {
            return Err(Refused::invalid("name", "there is a token of this name"));
        }
        let row = TokenRow {
            id: self.ids.guid().to_string(),
            name: name.to_owned(),
            role: role.name().to_owned(),
            created_at: self.now.to_string(),
        };
        tokens::insert(self.sql, &row, &digest(token))?;
        self.audit(Did { guid: Some(row.id.clone()), name: Some(row.name), ..Did::of(Action::Token) })?;
        Ok(row.id)
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// `not_found`; `protected` for the last administrator's, without which nobody could make another.
    pub fn delete_token(&mut self, id: &str) -> Result<Kept, Refused> {
        let all = tokens::list(self.sql)?;
        let Some(row) = all.iter().find(|row| row.id == id) else {
            return Err(Refused::new(Code::NotFound, "there is no such token"));
        };
        let is_administrator = |row: &TokenRow| row.role == Role::Administrator.name();
        if is_administrator(row) && all.iter().filter(|row| is_administrator(row)).count() == 1 {
            return Err(Refused::new(Code::Protected, "this is the last administrator's token"));
        }
        tokens::delete(self.sql, id)?;
        self.audit(Did { guid: Some(id.to_owned()), name: Some(row.name.clone()), ..Did::of(Action::Token) })?;
        Ok(Kept::nothing())
    }
}

impl App {
    /// Every token, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let shown = |row: TokenRow| Token { id: row.id, name: row.name, role: row.role, created_at: row.created_at };
        Ok(self.store().read(tokens::list)?.into_iter().map(shown).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_form_and_nothing_else_has_it() {
        let token = of([0xab; 32]);
        assert!(is_well_formed(&token));
        assert_eq!(token.len(), 8 + 64);
        for bad in ["", "consign_", &token[1..], &token[..71], &format!("{token}0"), &token.replace('b', "g")] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
