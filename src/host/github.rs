//! GitHub, and GitHub Enterprise Server: comments by the REST API, what it does not tell by GraphQL.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use url::Url;

use crate::host::Host;
use crate::host::HostError;
use crate::host::Mine;
use crate::host::client::Client;
use crate::host::client::Reply;
use crate::host::client::Request;
use crate::host::link;
use crate::host::marked;
use crate::host::next_page;
use crate::host::segment;

/// Entries of one page; the most that the API gives.
pub(super) const PER_PAGE: usize = 100;
/// The most pages of a list that are read.
const PAGES_MAX: usize = 300;
/// Nodes of one question by GraphQL; the most that the API takes.
pub(super) const NODES_MAX: usize = 100;

/// What every request says besides the token.
pub fn headers() -> Vec<(&'static str, String)> {
    vec![("accept", "application/vnd.github+json".to_owned()), ("x-github-api-version", "2022-11-28".to_owned())]
}

/// The APIs of GitHub at one address.
pub(super) struct Api {
    pub(super) client: Client,
    origin: Url,
    /// The path of the REST API, such as `/api/v3`, without a final `/`.
    pub(super) rest: String,
}

impl Api {
    /// `api` is the address of the REST API, `client` speaks to its origin.
    pub(super) fn new(client: Client, api: &Url) -> Self {
        Self { client, origin: api.clone(), rest: api.path().trim_end_matches('/').to_owned() }
    }

    /// GraphQL has a path of its own: `/graphql`, on a server of one's own `/api/graphql` beside `/api/v3`.
    fn graphql_path(&self) -> String {
        match self.rest.strip_suffix("/v3") {
            Some(before) => format!("{before}/graphql"),
            None => format!("{}/graphql", self.rest),
        }
    }

    pub(super) async fn graphql<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, HostError> {
        let body = json!({ "query": query, "variables": variables });
        let request = Request::write(Method::POST, self.graphql_path(), Some(body), "GraphQL API at this address");
        let reply = self.client.call(&request).await?.json;
        // Errors come with status 200.
        if let Some(first) = reply["errors"].get(0) {
            let message = self.client.message(&reply);
            return Err(match first["type"].as_str() {
                Some("RATE_LIMITED") => HostError::Busy { status: 200, wait: None, is_limit: true },
                Some("NOT_FOUND") => HostError::NotFound { what: "such comment or issue".to_owned() },
                _ => HostError::Forbidden { message },
            });
        }
        decode(reply["data"].clone(), "answer by GraphQL")
    }

    /// A list, over all pages.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        first: String,
        about: &str,
        list: &str,
    ) -> Result<Vec<T>, HostError> {
        let mut out: Vec<T> = Vec::new();
        let mut path = Some(first);
        let (mut pages, mut last) = (0, 1);
        while let Some(page) = path {
            if pages == PAGES_MAX {
                return Err(HostError::Short { why: format!("there are more than {PAGES_MAX} pages") });
            }
            let Reply { headers, json } = self.client.call(&Request::get(page, about)).await?;
            pages += 1;
            last = last.max(link(&headers, "last").and_then(page_number).unwrap_or(0));
            path = next_page(&headers, &self.origin)?;
            out.extend(decode::<Vec<T>>(json, list)?);
        }
        // A list that ends early would make a second comment beside the first.
        if pages < last {
            return Err(HostError::Short { why: format!("page {last} was promised, and page {pages} is the last") });
        }
        Ok(out)
    }
}

/// The parts of a path of `owner/name`.
pub(super) fn repository_path(repository: &str) -> Result<String, String> {
    let (owner, name) = repository
        .split_once('/')
        .filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
        .ok_or_else(|| format!("`{repository}` is no repository of GitHub: it is called OWNER/NAME"))?;
    Ok(format!("{}/{}", segment(owner), segment(name)))
}

/// One pull request.
pub struct GitHub {
    api: Api,
    /// `owner/name`, as parts of a path.
    repository: String,
    /// For messages.
    what: String,
    number: u64,
}

impl GitHub {
    /// A pull request of `owner/name`; `api` is the address of the REST API, `client` speaks to its origin.
    ///
    /// # Errors
    /// A message where the repository is not `owner/name`.
    pub fn new(client: Client, api: &Url, repository: &str, number: u64) -> Result<Self, String> {
        let path = repository_path(repository)?;
        let what = format!("pull request {number} in `{repository}`");
        Ok(Self { api: Api::new(client, api), repository: path, what, number })
    }

    /// Every comment, over all pages.
    async fn comments(&self) -> Result<Vec<WireComment>, HostError> {
        let path =
            format!("{}/repos/{}/issues/{}/comments?per_page={PER_PAGE}", self.api.rest, self.repository, self.number);
        self.api.pages(path, &self.what, "list of comments").await
    }

    fn comment_path(&self, id: &str) -> String {
        format!("{}/repos/{}/issues/comments/{id}", self.api.rest, self.repository)
    }
}

/// The number of a page, of its address.
fn page_number(address: &str) -> Option<usize> {
    let url = Url::parse(address).ok()?;
    url.query_pairs().find(|(name, _)| name == "page")?.1.parse().ok()
}

/// An answer as what it should be.
pub(super) fn decode<T: DeserializeOwned>(json: Value, what: &str) -> Result<T, HostError> {
    serde_json::from_value(json).map_err(|error| HostError::Malformed { why: format!("its {what}: {error}") })
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    node_id: String,
    html_url: String,
    /// Absent for a comment of an account that is gone.
    user: Option<WireUser>,
    body: Option<String>,
}

/// An account.
#[derive(Deserialize)]
pub(super) struct WireUser {
    login: String,
}

/// Who we are, and what GraphQL says of some nodes.
#[derive(Deserialize)]
pub(super) struct WireWho {
    viewer: WireUser,
    /// What is gone, or of another kind, is nothing or empty.
    nodes: Vec<Option<WireNode>>,
}

impl WireWho {
    fn node(&self, id: &str) -> Option<&WireNode> {
        self.nodes.iter().flatten().find(|node| node.id.as_deref() == Some(id))
    }

    /// Whether what this node is was written by us; `user`: by whom the REST API says that it was.
    pub fn is_ours(&self, id: &str, user: Option<&WireUser>) -> bool {
        self.node(id).is_some_and(|node| node.is_mine == Some(true))
            || user.is_some_and(|user| user.login == self.viewer.login)
    }
}

#[derive(Deserialize)]
struct WireNode {
    id: Option<String>,
    #[serde(rename = "isMinimized")]
    is_minimized: Option<bool>,
    #[serde(rename = "viewerDidAuthor")]
    is_mine: Option<bool>,
}

/// Who we are and what the REST API does not say of comments. `GET /user` is closed to the token of a workflow; `viewer`
/// is not.
const WHO: &str = "query($ids: [ID!]!) { viewer { login } \
    nodes(ids: $ids) { ... on IssueComment { id isMinimized viewerDidAuthor } } }";

const MINIMIZE: &str = "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { \
    minimizedComment { isMinimized } } }";

#[async_trait]
impl Host for GitHub {
    fn client(&self) -> &Client {
        &self.api.client
    }

    async fn mine(&self, marker: &str) -> Result<Vec<Mine>, HostError> {
        let mut marked: Vec<WireComment> = self.comments().await?;
        marked.retain(|one| one.body.as_deref().is_some_and(|body| marked_by(body, marker)));
        let mut out = Vec::new();
        for chunk in marked.chunks(NODES_MAX) {
            let ids: Vec<&str> = chunk.iter().map(|one| one.node_id.as_str()).collect();
            let who: WireWho = self.api.graphql(WHO, json!({ "ids": ids })).await?;
            for one in chunk {
                if who.is_ours(&one.node_id, one.user.as_ref()) {
                    let is_hidden = who.node(&one.node_id).is_some_and(|node| node.is_minimized == Some(true));
                    out.push(mine(one, is_hidden));
                }
            }
        }
        // They come by number; that is said nowhere.
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        Ok(out)
    }

    async fn create(&self, body: &str, _is_pending: bool) -> Result<Mine, HostError> {
        let path = format!("{}/repos/{}/issues/{}/comments", self.api.rest, self.repository, self.number);
        let request = Request::write(Method::POST, path, Some(json!({ "body": body })), self.what.clone()).once();
        let comment: WireComment = decode(self.api.client.call(&request).await?.json, "new comment")?;
        Ok(mine(&comment, false))
    }

    async fn edit(&self, comment: &Mine, body: &str, _is_pending: bool) -> Result<(), HostError> {
        let path = self.comment_path(&comment.id);
        let request = Request::write(Method::PATCH, path, Some(json!({ "body": body })), "such comment");
        self.api.client.call(&request).await.map(drop)
    }

    async fn hide(&self, comment: &Mine) -> Result<(), HostError> {
        let done: Value = self.api.graphql(MINIMIZE, json!({ "id": comment.part })).await?;
        match done["minimizeComment"]["minimizedComment"]["isMinimized"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(HostError::Malformed { why: "it did not hide the comment, and does not say why".to_owned() }),
        }
    }

    async fn delete(&self, comment: &Mine) -> Result<(), HostError> {
        let request = Request::write(Method::DELETE, self.comment_path(&comment.id), None, "such comment");
        self.api.client.call(&request).await.map(drop)
    }
}

fn marked_by(body: &str, marker: &str) -> bool {
    marked(body, marker) == Some(false)
}

fn mine(one: &WireComment, is_hidden: bool) -> Mine {
    Mine {
        id: one.id.to_string(),
        part: one.node_id.clone(),
        body: one.body.clone().unwrap_or_default(),
        url: one.html_url.clone(),
        is_hidden,
    }
}
