//! What a query would find, without storing it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::server::app::App;
use crate::server::app::fleet::Revisions;
use crate::server::app::fleet::line::base64_of;
use crate::server::app::fleet::members::readable;
use crate::server::app::fleet::members::set_of;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::estate::Query;
use crate::server::limits::Limits;
use crate::server::store::query::Unanswered;
use crate::sys::clock::Stopwatch;

/// What a query found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evaluated {
    /// Under which the numbers of computers are good; that of the header of `GET /v1/fleet`.
    pub mark: String,
    /// The computers: a RoaringBitmap in its standard serialisation, as base64.
    pub set: String,
    /// How many they are.
    pub computers: u64,
    /// How long it took.
    pub milliseconds: u64,
}

impl App {
    /// What a query finds now. Nothing is stored.
    ///
    /// # Errors
    /// `invalid` with the reason when it cannot be answered; `too_slow` when it takes longer than is given to it.
    pub fn evaluate(&self, query: &Query, limits: &Limits) -> Result<Evaluated, Refused> {
        let invalid = |why: String| Refused::invalid("query", why).with("rule", "COL-1");
        let text = readable(query).map_err(invalid)?;
        self.store().ask(|asker| {
            let numbers = self.numbers_at(asker.sql, Revisions::read(asker.sql)?)?;
            let began = Stopwatch::start();
            let set = set_of(asker, text, &numbers, limits)?.map_err(|unanswered| match unanswered {
                Unanswered::Refused(why) => invalid(why),
                slow @ Unanswered::Slow(_) => Refused::new(Code::TooSlow, slow.to_string()),
            })?;
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (mark, computers) = (numbers.mark.clone(), set.len());
            Ok(Evaluated { mark, set: base64_of(&set), computers, milliseconds })
        })
    }
}
