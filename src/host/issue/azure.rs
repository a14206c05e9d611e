//! Azure DevOps: work items. Their descriptions are HTML, in which no comment survives, so the marker is a tag.

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use url::Url;

use crate::host::HostError;
use crate::host::azure::API_VERSION;
use crate::host::azure::WireIdentity;
use crate::host::azure::me;
use crate::host::client::Client;
use crate::host::client::Request;
use crate::host::github::decode;
use crate::host::issue::Issue;
use crate::host::issue::Text;
use crate::host::issue::Tracker;
use crate::host::segment;

/// Work items of one request; the most that the API gives.
const IDS_MAX: usize = 200;
/// The most that a query is asked for; with more under one tag something else is wrong.
const FOUND_MAX: usize = 1_000;
/// The tag of all work items of this kind.
const TAG: &str = "consign-drift";

/// The work items of one project.
pub struct WorkItems {
    client: Client,
    /// The path of the collection, without a final `/`.
    collection: String,
    /// The path of the project.
    project: String,
    /// Where a person finds a work item.
    page: String,
    /// The type of a new one.
    kind: String,
    /// For messages.
    what: String,
}

impl WorkItems {
    /// The work items of a project, by its name or GUID; `api` is the address of the collection, `client` speaks to its
    /// origin, `kind` is the type of a new one.
    pub fn new(client: Client, api: &Url, project: &str, kind: &str) -> Self {
        let collection = api.path().trim_end_matches('/').to_owned();
        let below = format!("{collection}/{}", segment(project));
        Self {
            client,
            page: format!("{}{below}/_workitems/edit", api.origin().ascii_serialization()),
            collection,
            project: below,
            kind: kind.to_owned(),
            what: format!("work items in `{project}`"),
        }
    }

    /// The state of a type that comes first in a category.
    async fn states(&self, kind: &str) -> Result<Vec<WireState>, HostError> {
        let path = format!("{}/_apis/wit/workitemtypes/{}?{API_VERSION}", self.project, segment(kind));
        let request = Request::get(path, format!("type of work item `{kind}`"));
        let kind: WireType = decode(self.client.call(&request).await?.json, "type of work items")?;
        Ok(kind.states)
    }

    async fn found(&self, marker: &str) -> Result<Vec<WireItem>, HostError> {
        let tag = tag(marker);
        let query = format!(
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.CreatedBy] = @Me AND \
             [System.Tags] CONTAINS '{tag}'"
        );
        let path = format!("{}/_apis/wit/wiql?$top={FOUND_MAX}&{API_VERSION}", self.project);
        // It asks and changes nothing, so it may be sent again.
        let request = Request::write(Method::POST, path, Some(json!({ "query": query })), self.what.clone());
        let found: WireFound = decode(self.client.call(&request).await?.json, "answer to a query")?;
        if found.items.len() == FOUND_MAX {
            return Err(HostError::Short { why: format!("there are {FOUND_MAX} or more under one tag") });
        }
        let ids: Vec<String> = found.items.iter().map(|one| one.id.to_string()).collect();
        let mut out = Vec::new();
        for chunk in ids.chunks(IDS_MAX) {
            let fields =
                "System.Title,System.Description,System.State,System.Tags,System.CreatedBy,System.WorkItemType";
            let ids = chunk.join(",");
            let path = format!("{}/_apis/wit/workitems?ids={ids}&fields={fields}&{API_VERSION}", self.project);
            let request = Request::get(path, self.what.clone());
            let list: WireList = decode(self.client.call(&request).await?.json, "list of work items")?;
            if list.value.len() != chunk.len() {
                return Err(HostError::Short { why: format!("{} of {} came", list.value.len(), chunk.len()) });
            }
            out.extend(list.value);
        }
        Ok(out)
    }

    async fn patch(&self, issue: &Issue, operations: Value) -> Result<(), HostError> {
        let path = format!("{}/_apis/wit/workitems/{}?{API_VERSION}", self.project, issue.id);
        let request = patched(Request::write(Method::PATCH, path, Some(operations), "such work item"));
        self.client.call(&request).await.map(drop)
    }

    fn issue(&self, item: WireItem) -> Issue {
        let WireItem { id, fields } = item;
        Issue {
            id: id.to_string(),
            title: fields.title,
            body: fields.description.unwrap_or_default(),
            url: format!("{}/{id}", self.page),
        }
    }
}

/// The tag that stands for a marker: tags hold neither every character nor any length.
fn tag(marker: &str) -> String {
    let digest: String = Sha256::digest(marker.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{TAG}-{digest}")
}

/// Work items are written as JSON Patch.
fn patched(mut request: Request) -> Request {
    request.headers.push(("content-type", "application/json-patch+json".to_owned()));
    request
}

fn set(field: &str, value: &str) -> Value {
    json!({ "op": "add", "path": format!("/fields/{field}"), "value": value })
}

/// Whether a state is one in which nothing is left to do.
fn is_over(state: &WireState) -> bool {
    matches!(state.category.as_str(), "Completed" | "Removed")
}

#[derive(Deserialize)]
struct WireFound {
    #[serde(rename = "workItems")]
    items: Vec<WireReference>,
}

#[derive(Deserialize)]
struct WireReference {
    id: u64,
}

#[derive(Deserialize)]
struct WireList {
    value: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    id: u64,
    fields: WireFields,
}

#[derive(Deserialize)]
struct WireFields {
    #[serde(rename = "System.Title")]
    title: String,
    #[serde(rename = "System.Description")]
    description: Option<String>,
    #[serde(rename = "System.State")]
    state: String,
    #[serde(default, rename = "System.Tags")]
    tags: String,
    #[serde(rename = "System.CreatedBy")]
    author: Option<WireIdentity>,
    #[serde(rename = "System.WorkItemType")]
    kind: String,
}

#[derive(Deserialize)]
struct WireType {
    states: Vec<WireState>,
}

#[derive(Deserialize)]
struct WireState {
    name: String,
    category: String,
}

#[async_trait]
impl Tracker for WorkItems {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn open(&self, marker: &str) -> Result<Vec<Issue>, HostError> {
        let me = me(&self.client, &self.collection).await?;
        let tag = tag(marker);
        let mut states: BTreeMap<String, Vec<WireState>> = BTreeMap::new();
        let mut out = Vec::new();
        for item in self.found(marker).await? {
            let is_mine = item.fields.author.as_ref().is_some_and(|author| author.id.eq_ignore_ascii_case(&me));
            let is_marked = item.fields.tags.split(';').any(|one| one.trim().eq_ignore_ascii_case(&tag));
            if !is_mine || !is_marked {
                continue;
            }
            let kind = item.fields.kind.clone();
            if !states.contains_key(&kind) {
                let of_kind = self.states(&kind).await?;
                states.insert(kind.clone(), of_kind);
            }
            // A state that its type does not have any more is left to people, open.
            let mut of_kind = states[&kind].iter();
            if !of_kind.any(|state| state.name == item.fields.state && is_over(state)) {
                out.push(self.issue(item));
            }
        }
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        Ok(out)
    }

    async fn create(&self, text: &Text) -> Result<Issue, HostError> {
        let tags = format!("{TAG}; {}", tag(&text.marker));
        let operations =
            json!([set("System.Title", &text.title), set("System.Description", &text.body), set("System.Tags", &tags)]);
        let path = format!("{}/_apis/wit/workitems/${}?{API_VERSION}", self.project, segment(&self.kind));
        let request = patched(Request::write(Method::POST, path, Some(operations), self.what.clone()).once());
        let item: WireItem = decode(self.client.call(&request).await?.json, "new work item")?;
        Ok(self.issue(item))
    }

    async fn edit(&self, issue: &Issue, text: &Text) -> Result<(), HostError> {
        self.patch(issue, json!([set("System.Title", &text.title), set("System.Description", &text.body)])).await
    }

    async fn close(&self, issue: &Issue, word: &str) -> Result<(), HostError> {
        let path = format!("{}/_apis/wit/workitems/{}?{API_VERSION}", self.project, issue.id);
        let request = Request::get(path, "such work item");
        let item: WireItem = decode(self.client.call(&request).await?.json, "work item")?;
        let states = self.states(&item.fields.kind).await?;
        let done = states.iter().find(|state| state.category == "Completed").ok_or_else(|| HostError::Malformed {
            why: format!("its type `{}` has no state of the category Completed", item.fields.kind),
        })?;
        // Both in one write: the word is never there twice.
        self.patch(issue, json!([set("System.State", &done.name), set("System.History", word)])).await
    }
}
