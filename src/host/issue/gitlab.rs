//! GitLab: issues of a project.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use url::Url;

use crate::host::HostError;
use crate::host::client::Client;
use crate::host::client::Request;
use crate::host::github::decode;
use crate::host::gitlab::Api;
use crate::host::gitlab::PER_PAGE;
use crate::host::issue::Issue;
use crate::host::issue::Text;
use crate::host::issue::Tracker;
use crate::host::marked;
use crate::host::segment;

/// The issues of one project.
pub struct GitLabIssues {
    api: Api,
    /// The path of the issues.
    issues: String,
    /// For messages.
    what: String,
}

impl GitLabIssues {
    /// The issues of a project, which is a number or a path; `api` is the address of the REST API, `client` speaks to its
    /// origin.
    pub fn new(client: Client, api: &Url, project: &str) -> Self {
        let api = Api::new(client, api);
        let issues = format!("{}/projects/{}/issues", api.rest, segment(project));
        Self { api, issues, what: format!("issues of project `{project}`") }
    }

    async fn put(&self, issue: &Issue, body: Value) -> Result<(), HostError> {
        let path = format!("{}/{}", self.issues, issue.id);
        let request = Request::write(Method::PUT, path, Some(body), "such issue");
        self.api.client.call(&request).await.map(drop)
    }
}

#[derive(Deserialize)]
struct WireIssue {
    iid: u64,
    title: String,
    description: Option<String>,
    web_url: String,
    author: WireUser,
}

#[derive(Deserialize)]
struct WireUser {
    id: u64,
}

fn issue(one: WireIssue) -> Issue {
    let WireIssue { iid, title, description, web_url, author: _ } = one;
    Issue { id: iid.to_string(), title, body: description.unwrap_or_default(), url: web_url }
}

#[async_trait]
impl Tracker for GitLabIssues {
    fn client(&self) -> &Client {
        &self.api.client
    }

    async fn open(&self, marker: &str) -> Result<Vec<Issue>, HostError> {
        let me = self.api.me().await?;
        // `created_by_me` spares pages; whose they are is looked at all the same.
        let first = format!(
            "{}?state=opened&scope=created_by_me&per_page={PER_PAGE}&sort=asc&order_by=created_at",
            self.issues
        );
        let all: Vec<WireIssue> = self.api.pages(&first, &self.what, "list of issues").await?;
        let is_ours = |one: &WireIssue| {
            one.author.id == me && one.description.as_deref().and_then(|text| marked(text, marker)) == Some(false)
        };
        let mut out: Vec<Issue> = all.into_iter().filter(is_ours).map(issue).collect();
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        out.dedup_by(|a, b| a.id == b.id);
        Ok(out)
    }

    async fn create(&self, text: &Text) -> Result<Issue, HostError> {
        let body = json!({ "title": text.title, "description": text.body });
        let request = Request::write(Method::POST, self.issues.clone(), Some(body), self.what.clone()).once();
        Ok(issue(decode(self.api.client.call(&request).await?.json, "new issue")?))
    }

    async fn edit(&self, issue: &Issue, text: &Text) -> Result<(), HostError> {
        self.put(issue, json!({ "title": text.title, "description": text.body })).await
    }

    async fn close(&self, issue: &Issue, word: &str) -> Result<(), HostError> {
        // Closed first: a word that is written twice is worse than one that is missing.
        self.put(issue, json!({ "state_event": "close" })).await?;
        let path = format!("{}/{}/notes", self.issues, issue.id);
        let request = Request::write(Method::POST, path, Some(json!({ "body": word })), "such issue").once();
        self.api.client.call(&request).await.map(drop)
    }
}
