//! Licences that come back, and computers that go (LIC-4).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::fleet::policy::computer;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Writer;
use crate::server::store::fleet;

/// What a refresh of licences did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refreshed {
    /// How many licences came back.
    pub returned: u64,
}

impl Writer<'_> {
    /// Takes licences back from computers that are retired or deleted (LIC-4).
    ///
    /// # Errors
    /// When the store fails.
    pub fn refresh_licences(&mut self) -> Result<Kept, Refused> {
        let returned = fleet::refresh_licences(self.sql)?;
        if returned > 0 {
            fleet::bump(self.sql, fleet::REVISION)?;
            self.audit(Did { name: Some(format!("{returned} licences")), ..Did::of(Action::Licences) })?;
        }
        Ok(Kept::value(200, &Refreshed { returned }))
    }

    /// Removes a computer. A licence that it holds comes back with the next refresh (LIC-4).
    ///
    /// # Errors
    /// `not_found`.
    pub fn delete_computer(&mut self, guid: Guid) -> Result<Kept, Refused> {
        let row = computer(self.sql, guid)?;
        fleet::delete_computer(self.sql, row.id)?;
        self.fail_requests_at(guid)?;
        for counter in [fleet::MARK, fleet::INVENTORY, fleet::REVISION] {
            fleet::bump(self.sql, counter)?;
        }
        let did = Did { guid: Some(guid.to_string()), name: Some(row.name), ..Did::of(Action::Fleet) };
        self.audit(did)?;
        Ok(Kept::nothing())
    }
}
