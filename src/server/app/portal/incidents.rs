//! Incidents of the portal (PTL-5): requests on approval for one program, or one sequential task, join its incident until
//! somebody opens the approval. From then on later requests join another one, and whoever decides has seen all that is
//! decided: a request that is not named as approved is rejected.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::fleet::shown;
use crate::server::app::portal::Request;
use crate::server::app::portal::Status;
use crate::server::app::portal::Wanted;
use crate::server::app::portal::status_of;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::portal;
use crate::server::store::portal::IncidentRow;

/// An incident, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Its number.
    pub id: u64,
    /// What its requests ask for.
    #[serde(flatten)]
    pub wanted: Wanted,
    /// When its first request was made.
    pub created_at: String,
    /// Since when no request joins it any more; null: requests still do.
    pub opened_at: Option<String>,
    /// Its requests, by number.
    pub requests: Vec<Request>,
}

/// What is decided of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The numbers of the requests that are approved. Those of the incident that wait and are not here are rejected.
    pub approve: BTreeSet<u64>,
}

impl Incident {
    fn read(sql: &Connection, row: IncidentRow) -> Result<Self, StoreError> {
        let requests = portal::of_incident(sql, row.id)?.into_iter().map(Request::of).collect::<Result<_, _>>()?;
        Ok(Self {
            id: row.id,
            wanted: Wanted::of(row.item, row.package),
            created_at: shown(row.created_ms)?,
            opened_at: row.opened_ms.map(shown).transpose()?,
            requests,
        })
    }
}

fn incident(sql: &Connection, id: u64) -> Result<IncidentRow, Refused> {
    let missing = || Refused::new(Code::NotFound, "there is no incident of this number").with("incident", id);
    portal::incident(sql, id)?.ok_or_else(missing)
}

impl App {
    /// The incident of this number.
    ///
    /// # Errors
    /// `not_found`.
    pub fn portal_incident(&self, id: u64) -> Result<Incident, Refused> {
        self.store().read(|sql| Ok(Incident::read(sql, incident(sql, id)?)?))
    }

    /// So many incidents with a higher number, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn portal_incidents(&self, after: u64, limit: u64) -> Result<Vec<Incident>, StoreError> {
        self.store()
            .read(|sql| portal::incidents(sql, after, limit)?.into_iter().map(|row| Incident::read(sql, row)).collect())
    }
}

impl Writer<'_> {
    /// Opens the approval of an incident: later requests join another one. One that is open already stays as it is.
    ///
    /// # Errors
    /// `not_found`.
    pub fn open_incident(&mut self, id: u64) -> Result<Kept, Refused> {
        if incident(self.sql, id)?.opened_ms.is_none() {
            portal::open_incident(self.sql, id, self.now.as_millisecond())?;
            self.audit(Did { name: Some(format!("portal incident {id}: opened")), ..Did::of(Action::Portal) })?;
        }
        self.answer_incident(id)
    }

    /// Decides on all requests of an incident that wait: those that are named are approved, the others rejected.
    ///
    /// # Errors
    /// `not_found`; `invalid` when it was not opened, when none of its requests waits, or a named one does not.
    pub fn decide_incident(&mut self, id: u64, decision: &Decision) -> Result<Kept, Refused> {
        if incident(self.sql, id)?.opened_ms.is_none() {
            let why = "requests still join the incident: open it first, so that nobody is rejected unseen";
            return Err(Refused::invalid("incident", why).with("rule", "PTL-5"));
        }
        let mut waiting = Vec::new();
        for row in portal::of_incident(self.sql, id)? {
            if status_of(&row)? == Status::AwaitingApproval {
                waiting.push(row);
            }
        }
        if waiting.is_empty() {
            return Err(Refused::invalid("incident", "none of its requests waits for approval").with("rule", "PTL-5"));
        }
        for request in &decision.approve {
            if waiting.iter().all(|row| row.id != *request) {
                let why = format!("{request} is no request of this incident that waits for approval");
                return Err(Refused::invalid("approve", why).with("request", *request).with("rule", "PTL-5"));
            }
        }
        for row in waiting {
            let status = self.decide(&row, decision.approve.contains(&row.id))?;
            self.audit_request(row.id, status)?;
        }
        self.answer_incident(id)
    }

    fn answer_incident(&self, id: u64) -> Result<Kept, Refused> {
        Ok(Kept::value(200, &Incident::read(self.sql, incident(self.sql, id)?)?))
    }
}
