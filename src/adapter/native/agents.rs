//! What simulated computers ask and say over `/v1/agents`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::adapter::AdapterError;
use crate::adapter::AgentAdapter;
use crate::adapter::Told;
use crate::adapter::names::Entry;
use crate::adapter::names::Names;
use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::sys::http::Get;
use crate::sys::http::Send;

use super::client::NativeWriter;
use super::client::body;
use super::client::decode;
use super::client::errors::About;
use super::client::malformed;
use super::convert;
use super::lower::IDEMPOTENCY_KEY;
use super::specs;
use super::wire;

/// The most happenings in one report.
const REPORT_MAX: usize = 5_000;

/// The answer to a computer that asks for its policy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy<'a> {
    server_zone: String,
    #[serde(borrow)]
    assigned: Vec<Part<'a>>,
    #[serde(borrow)]
    packages: Vec<Part<'a>>,
    #[serde(borrow)]
    programs: Vec<Part<'a>>,
    plugin: bool,
}

#[derive(Deserialize)]
struct Part<'a> {
    guid: Guid,
    kind: Option<String>,
    package: Option<Guid>,
    name: String,
    #[serde(borrow)]
    spec: &'a RawValue,
}

#[derive(Deserialize)]
struct Reported {
    licence: bool,
}

/// Reads the answer. Collections are not in it, so that targets stand there as `{GUID}`; nobody looks at them.
///
/// # Errors
/// What is wrong with it.
fn told(body: &[u8]) -> Result<Told, String> {
    let Policy { server_zone, assigned, packages, programs, plugin } =
        serde_json::from_slice(body).map_err(|error| convert::shown(&error.to_string()))?;
    let mut parts = Vec::with_capacity(assigned.len() + packages.len() + programs.len());
    for part in assigned {
        let name = part.kind.as_deref().unwrap_or_default();
        let kind = name.parse().map_err(|_| format!("`{}` is no kind of item", convert::shown(name)))?;
        parts.push((kind, part));
    }
    parts.extend(packages.into_iter().map(|part| (Kind::Package, part)));
    parts.extend(programs.into_iter().map(|part| (Kind::Program, part)));
    let entry = |(kind, part): &(Kind, Part<'_>)| (part.guid, *kind, part.name.clone(), part.package);
    let named: Vec<(Guid, Kind, String, Option<Guid>)> = parts.iter().map(entry).collect();
    let entries: Vec<Entry<'_>> = named
        .iter()
        .map(|(guid, kind, name, package)| Entry { guid: *guid, kind: *kind, name, folder: None, package: *package })
        .collect();
    let names = Names::of(&entries)?;
    let items = parts.into_iter().map(|(kind, part)| {
        let called = || format!("{} `{}`", kind.short(), convert::shown(&part.name));
        let spec = wire::Spec::read(kind, part.spec.get())
            .map_err(|error| format!("{}: {}", called(), convert::shown(&error.to_string())))?;
        let key = names.key(part.guid).expect("every part was named");
        let spec = specs::read(spec, &key.name, &names);
        Ok((part.guid, Item::new(key, spec)))
    });
    Ok(Told { items: items.collect::<Result<_, String>>()?, server_zone, has_plugin: plugin })
}

/// A happening as the wire has it.
fn happening(happening: &Happening) -> serde_json::Value {
    let mut line = BTreeMap::from([("at", json!(happening.at))]);
    line.extend(match happening.what {
        What::DownloadStarted { package } => vec![("type", json!("download_started")), ("package", json!(package))],
        What::DownloadEnded { package } => vec![("type", json!("download_ended")), ("package", json!(package))],
        What::Started { job, step } => vec![("type", json!("started")), ("job", json!(job)), ("step", json!(step))],
        What::Ended { job, step, code, success, killed } => vec![
            ("type", json!("ended")),
            ("job", json!(job)),
            ("step", json!(step)),
            ("code", json!(code)),
            ("success", json!(success)),
            ("killed", json!(killed)),
        ],
        What::Skipped { job, step } => vec![("type", json!("skipped")), ("job", json!(job)), ("step", json!(step))],
        What::Finished { job, success } => {
            vec![("type", json!("finished")), ("job", json!(job)), ("success", json!(success))]
        }
        What::NeverFits { job } => vec![("type", json!("never_fits")), ("job", json!(job))],
        What::Removed { job } => vec![("type", json!("removed")), ("job", json!(job))],
        What::Deferred { job, until } => {
            vec![("type", json!("deferred")), ("job", json!(job)), ("until", json!(until))]
        }
        What::Restarted => vec![("type", json!("restarted"))],
        What::LoggedOff => vec![("type", json!("logged_off"))],
        What::PackageDeleted { package } => vec![("type", json!("package_deleted")), ("package", json!(package))],
        What::Assessed => vec![("type", json!("assessed"))],
    });
    json!(line)
}

fn post(path: String, key: Option<String>, body: &serde_json::Value) -> Send {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(key.map(|key| (IDEMPOTENCY_KEY, key)));
    Send { method: Method::POST, path, headers, body: Bytes::from(body.to_string()) }
}

#[async_trait]
impl AgentAdapter for NativeWriter {
    async fn policy(&self, computer: Guid, at: Timestamp, key: &str) -> Result<Told, AdapterError> {
        const WHAT: &str = "policy";
        let path = format!("/v1/agents/{computer}/policy");
        let answer = self.send(post(path, Some(key.to_owned()), &json!({ "at": at }))).await?;
        let body = body(self.server(), answer, 200, WHAT, About::Read).await?;
        told(&body).map_err(|why| malformed(self.server(), WHAT, &why))
    }

    async fn find_files(&self, computer: Guid, package: Guid) -> Result<(), AdapterError> {
        const WHAT: &str = "list of codebases";
        let path = format!("/v1/agents/{computer}/packages/{package}");
        let answer = self.get(Get { path, headers: Vec::new() }).await?;
        body(self.server(), answer, 200, WHAT, About::Read).await.map(drop)
    }

    async fn report(&self, computer: Guid, happenings: &[Happening], key: &str) -> Result<bool, AdapterError> {
        const WHAT: &str = "answer to a report";
        let mut licence = false;
        for (n, part) in happenings.chunks(REPORT_MAX).enumerate() {
            let lines: Vec<serde_json::Value> = part.iter().map(happening).collect();
            let path = format!("/v1/agents/{computer}/report");
            let sent = post(path, Some(format!("{key}-{n}")), &json!({ "happenings": lines }));
            let answer = self.send(sent).await?;
            let body = body(self.server(), answer, 200, WHAT, About::Read).await?;
            licence = decode::<Reported>(self.server(), &body, WHAT)?.licence;
        }
        Ok(licence)
    }
}
