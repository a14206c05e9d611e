//! Tells receivers of new drift. Nothing here ends a run: what could not be told is said, and told by the next run.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8Path;
use secrecy::SecretString;
use serde_json::Value;

use crate::cli::context::block_on;
use crate::cli::context::request_timeout;
use crate::cli::failure::Failure;
use crate::cli::failure::chain;
use crate::host::webhook::Stamp;
use crate::host::webhook::Webhook;
use crate::model::drift::Receiver;
use crate::plan::drift::memory::News;
use crate::plan::drift::memory::Remembered;
use crate::report::alert::Alert;
use crate::report::alert::Facts;
use crate::report::alert::slack;
use crate::report::alert::teams;
use crate::sys::clock::SystemClock;
use crate::sys::environment;
use crate::sys::http::HttpOptions;
use crate::sys::http::Proxy;
use crate::sys::secrets;

/// The most that one attempt to tell somebody may take: a channel that hangs keeps no nightly run from its end.
const TIMEOUT_MAX: Duration = Duration::from_secs(15);

/// Those who are told.
pub struct Receivers(BTreeMap<String, Result<Ready, String>>);

/// A receiver whose secrets were read.
struct Ready {
    receiver: Receiver,
    webhook: Webhook,
    key: Option<SecretString>,
}

impl Receivers {
    /// Reads the secrets of all of them; whoever cannot be told is kept with the reason.
    pub fn of(receivers: &BTreeMap<String, Receiver>, root: &Utf8Path) -> Self {
        Self(receivers.iter().map(|(name, one)| (name.clone(), ready(name, one, root))).collect())
    }

    /// Tells each receiver what is new to it of one server, and takes down who was told. `is_kept` says whether what is
    /// taken down lasts: else every run is the first. Gives why somebody was not told, a sentence each.
    pub fn tell(&self, facts: Facts<'_>, remembered: &mut Remembered, alert_after: u32, is_kept: bool) -> Vec<String> {
        let mut failures = Vec::new();
        for (name, ready) in &self.0 {
            let alert = match remembered.news(name, alert_after) {
                News::Nothing => {
                    remembered.settle(name, alert_after);
                    continue;
                }
                News::Drift(fresh) => Alert::of_drift(facts, is_kept.then_some(&fresh)),
                News::Ended => Alert::of_end(facts),
            };
            match ready.as_ref().map_err(Clone::clone).and_then(|ready| ready.send(&alert)) {
                Ok(()) => remembered.is_told(name, alert_after),
                Err(why) => {
                    failures.push(format!("`{name}` was not told of `{}`: {why}", facts.plan.server.name));
                }
            }
        }
        failures
    }
}

fn ready(name: &str, receiver: &Receiver, root: &Utf8Path) -> Result<Ready, String> {
    let resolve = |reference| secrets::resolve(reference, root).map_err(|error| chain(&error));
    let address = resolve(receiver.url_from())?;
    let key = receiver.sign_with().map(resolve).transpose()?;
    let timeout = request_timeout().map_err(|failure| failure.message)?.min(TIMEOUT_MAX);
    let mut options = HttpOptions::new("");
    // These are on the internet more often than delivery servers, and there the way is a proxy's.
    options.proxy = Proxy::System;
    options.timeout = timeout;
    options.idle_timeout = options.idle_timeout.min(timeout);
    options.connect_timeout = options.connect_timeout.min(timeout);
    options.max_answer_bytes = 1 << 20;
    let seed = environment::unique() as u64;
    let webhook = Webhook::new(name, &address, options, Box::new(SystemClock), seed)?;
    Ok(Ready { receiver: receiver.clone(), webhook, key })
}

impl Ready {
    fn send(&self, alert: &Alert) -> Result<(), String> {
        let stamp = Stamp { id: format!("consign_{}", alert.id), at_seconds: alert.timestamp.as_second() };
        let body: Value = match &self.receiver {
            Receiver::Webhook(_) => alert.json(),
            Receiver::Slack(_) => slack::body(alert),
            Receiver::TeamsWorkflow(_) => teams::body(alert),
        };
        let sent = block_on(async {
            let sent = self.webhook.deliver(body, &stamp, self.key.as_ref()).await;
            Ok(sent.map_err(|error| chain(&error)))
        });
        sent.map_err(|failure: Failure| failure.message)?
    }
}

/// Where the run of the pipeline is looked at, as its runner says.
pub fn run_url() -> Option<String> {
    let variable = |name: &str| environment::variable(name).filter(|value| !value.is_empty());
    let github = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
    };
    let azure = || {
        let (collection, project) = (variable("SYSTEM_COLLECTIONURI")?, variable("SYSTEM_TEAMPROJECT")?);
        let project: String = url::form_urlencoded::byte_serialize(project.as_bytes()).collect();
        let project = project.replace('+', "%20");
        Some(format!("{collection}{project}/_build/results?buildId={}", variable("BUILD_BUILDID")?))
    };
    let found = github().or_else(|| variable("CI_JOB_URL")).or_else(azure)?;
    (found.starts_with("https://") || found.starts_with("http://")).then_some(found)
}
