//! GitHub: issues by the REST API, who wrote them by GraphQL.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use url::Url;

use crate::host::HostError;
use crate::host::client::Client;
use crate::host::client::Request;
use crate::host::github::Api;
use crate::host::github::NODES_MAX;
use crate::host::github::PER_PAGE;
use crate::host::github::WireUser;
use crate::host::github::WireWho;
use crate::host::github::decode;
use crate::host::github::repository_path;
use crate::host::issue::Issue;
use crate::host::issue::Text;
use crate::host::issue::Tracker;
use crate::host::marked;

/// The issues of one repository.
pub struct GitHubIssues {
    api: Api,
    /// The path of the issues.
    issues: String,
    /// For messages.
    what: String,
}

impl GitHubIssues {
    /// The issues of `owner/name`; `api` is the address of the REST API, `client` speaks to its origin.
    ///
    /// # Errors
    /// A message where the repository is not `owner/name`.
    pub fn new(client: Client, api: &Url, repository: &str) -> Result<Self, String> {
        let path = repository_path(repository)?;
        let api = Api::new(client, api);
        let issues = format!("{}/repos/{path}/issues", api.rest);
        Ok(Self { api, issues, what: format!("issues in `{repository}`") })
    }

    async fn patch(&self, issue: &Issue, body: serde_json::Value) -> Result<(), HostError> {
        let path = format!("{}/{}", self.issues, issue.id);
        let request = Request::write(Method::PATCH, path, Some(body), "such issue");
        self.api.client.call(&request).await.map(drop)
    }
}

#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    node_id: String,
    html_url: String,
    title: String,
    body: Option<String>,
    user: Option<WireUser>,
    /// There where it is a pull request.
    pull_request: Option<IgnoredAny>,
}

const WHO: &str = "query($ids: [ID!]!) { viewer { login } nodes(ids: $ids) { ... on Issue { id viewerDidAuthor } } }";

fn issue(one: &WireIssue) -> Issue {
    Issue {
        id: one.number.to_string(),
        title: one.title.clone(),
        body: one.body.clone().unwrap_or_default(),
        url: one.html_url.clone(),
    }
}

#[async_trait]
impl Tracker for GitHubIssues {
    fn client(&self) -> &Client {
        &self.api.client
    }

    async fn open(&self, marker: &str) -> Result<Vec<Issue>, HostError> {
        let first = format!("{}?state=open&per_page={PER_PAGE}", self.issues);
        let mut all: Vec<WireIssue> = self.api.pages(first, &self.what, "list of issues").await?;
        all.retain(|one| {
            one.pull_request.is_none() && one.body.as_deref().and_then(|body| marked(body, marker)) == Some(false)
        });
        let mut out = Vec::new();
        for chunk in all.chunks(NODES_MAX) {
            let ids: Vec<&str> = chunk.iter().map(|one| one.node_id.as_str()).collect();
            let who: WireWho = self.api.graphql(WHO, json!({ "ids": ids })).await?;
            let ours = chunk.iter().filter(|one| who.is_ours(&one.node_id, one.user.as_ref()));
            out.extend(ours.map(issue));
        }
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        // An issue that is opened while pages are read moves another onto the next page.
        out.dedup_by(|a, b| a.id == b.id);
        Ok(out)
    }

    async fn create(&self, text: &Text) -> Result<Issue, HostError> {
        let body = json!({ "title": text.title, "body": text.body });
        let request = Request::write(Method::POST, self.issues.clone(), Some(body), self.what.clone()).once();
        let new: WireIssue = decode(self.api.client.call(&request).await?.json, "new issue")?;
        Ok(issue(&new))
    }

    async fn edit(&self, issue: &Issue, text: &Text) -> Result<(), HostError> {
        self.patch(issue, json!({ "title": text.title, "body": text.body })).await
    }

    async fn close(&self, issue: &Issue, word: &str) -> Result<(), HostError> {
        // Closed first: a word that is written twice is worse than one that is missing.
        self.patch(issue, json!({ "state": "closed", "state_reason": "completed" })).await?;
        let path = format!("{}/{}/comments", self.issues, issue.id);
        let request = Request::write(Method::POST, path, Some(json!({ "body": word })), "such issue").once();
        self.api.client.call(&request).await.map(drop)
    }
}
