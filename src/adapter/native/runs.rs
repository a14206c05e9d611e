//! What computers reported of a job since a moment: `/v1/executions` and `/v1/events`, page by page.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::adapter::AdapterError;
use crate::adapter::Runs;
use crate::model::guid::Guid;
use crate::reach::Known;

use super::client::NativeReader;
use super::client::malformed;

/// How many pages of one log are read at the most: half a million rows. What has more is not known, rather than half.
const PAGES_MAX: usize = 500;

#[derive(Deserialize)]
struct Executions {
    executions: Vec<Execution>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Execution {
    computer: Guid,
    at: Timestamp,
    /// `null`: the job as a whole.
    step: Option<i64>,
    success: Option<bool>,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Event {
    computer: Guid,
    kind: String,
    at: Timestamp,
}

/// Rows of a log, and where the next page begins.
trait Page: DeserializeOwned {
    const PATH: &'static str;
    const WHAT: &'static str;
    type Row;
    fn parts(self) -> (Vec<Self::Row>, Option<u64>);
}

impl Page for Executions {
    const PATH: &'static str = "/v1/executions";
    const WHAT: &'static str = "list of executions";
    type Row = Execution;

    fn parts(self) -> (Vec<Execution>, Option<u64>) {
        (self.executions, self.next)
    }
}

impl Page for Events {
    const PATH: &'static str = "/v1/events";
    const WHAT: &'static str = "list of status events";
    type Row = Event;

    fn parts(self) -> (Vec<Event>, Option<u64>) {
        (self.events, self.next)
    }
}

/// See [`crate::adapter::ReadAdapter::runs`].
pub(super) async fn runs(reader: &NativeReader, job: Guid, since: Timestamp) -> Result<Known<Runs>, AdapterError> {
    let mut runs = Runs::default();
    let Some(executions) = log::<Executions>(reader, job).await? else { return Ok(too_long()) };
    let Some(events) = log::<Events>(reader, job).await? else { return Ok(too_long()) };
    // By number, which is the order in which they were reported.
    for row in executions.into_iter().filter(|row| row.at >= since) {
        runs.ran.insert(row.computer);
        if row.step.is_none() {
            runs.succeeded.remove(&row.computer);
            runs.failed.remove(&row.computer);
            match row.success {
                Some(true) => runs.succeeded.insert(row.computer),
                Some(false) => runs.failed.insert(row.computer),
                None => false,
            };
            if let Some(success) = row.success {
                runs.ends.entry(row.computer).or_default().push((row.at, success));
            }
        }
    }
    runs.ends.values_mut().for_each(|ends| ends.sort_unstable());
    // DLV-3: a job comes to a computer as a new one or as a changed one.
    let given = |row: &Event| row.at >= since && matches!(row.kind.as_str(), "New Job" | "Job Updated");
    runs.given = events.into_iter().filter(given).map(|row| row.computer).collect();
    Ok(Known::Is(runs))
}

fn too_long() -> Known<Runs> {
    Known::Unknown("its log is longer than what is read of one".to_owned())
}

async fn log<P: Page>(reader: &NativeReader, job: Guid) -> Result<Option<Vec<P::Row>>, AdapterError> {
    let (mut rows, mut after) = (Vec::new(), 0);
    for _ in 0..PAGES_MAX {
        let page: P = reader.json(format!("{}?task={job}&after={after}", P::PATH), P::WHAT).await?;
        let (some, next) = page.parts();
        rows.extend(some);
        match next {
            None => return Ok(Some(rows)),
            Some(next) if next > after => after = next,
            Some(_) => return Err(malformed(reader.server(), P::WHAT, "its next page is an earlier one")),
        }
    }
    Ok(None)
}
