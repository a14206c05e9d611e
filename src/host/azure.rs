//! Azure DevOps: threads of a pull request, each with one comment of ours.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use url::Url;

use crate::host::Host;
use crate::host::HostError;
use crate::host::Mine;
use crate::host::client::ATTEMPTS_MAX;
use crate::host::client::Client;
use crate::host::client::Reply;
use crate::host::client::Request;
use crate::host::first_line;
use crate::host::folded;
use crate::host::github::decode;
use crate::host::marked;
use crate::host::segment;

/// Spoken by the service and by every server since 2020.
pub(super) const API_VERSION: &str = "api-version=6.0";
/// The states of a thread.
const ACTIVE: u8 = 1;
const CLOSED: u8 = 4;

/// One pull request.
pub struct Azure {
    client: Client,
    /// The path of the collection, without a final `/`.
    collection: String,
    /// The path of the threads.
    threads: String,
    /// Where a person finds the pull request.
    page: String,
    /// For messages.
    what: String,
}

impl Azure {
    /// A pull request of a repository, which is `PROJECT/REPOSITORY` by names or by GUIDs; `api` is the address of the
    /// collection, `client` speaks to its origin.
    ///
    /// # Errors
    /// A message where the repository is not so called.
    pub fn new(client: Client, api: &Url, repository: &str, number: u64) -> Result<Self, String> {
        let (project, name) = repository
            .split_once('/')
            .filter(|(project, name)| !project.is_empty() && !name.is_empty() && !name.contains('/'))
            .ok_or_else(|| {
                format!("`{repository}` is no repository of Azure DevOps: it is called PROJECT/REPOSITORY")
            })?;
        let collection = api.path().trim_end_matches('/').to_owned();
        let below = format!("{collection}/{}", segment(project));
        let origin = api.origin().ascii_serialization();
        Ok(Self {
            client,
            threads: format!("{below}/_apis/git/repositories/{}/pullRequests/{number}/threads", segment(name)),
            page: format!("{origin}{below}/_git/{}/pullrequest/{number}", segment(name)),
            collection,
            what: format!("pull request {number} in `{repository}`"),
        })
    }

    /// Every thread. The list has no pages; it states how many there are.
    async fn all(&self) -> Result<Vec<WireThread>, HostError> {
        let mut attempt = 1;
        loop {
            let request = Request::get(format!("{}?{API_VERSION}", self.threads), self.what.clone());
            let Reply { headers, json } = self.client.call(&request).await?;
            let list: WireList = decode(json, "list of threads")?;
            if list.count == list.value.len() && !headers.contains_key("x-ms-continuationtoken") {
                return Ok(list.value);
            }
            let error = HostError::Short { why: format!("{} of {} threads came", list.value.len(), list.count) };
            if attempt == ATTEMPTS_MAX || !self.client.pause(attempt, &error).await {
                return Err(error);
            }
            attempt += 1;
        }
    }

    fn thread_path(&self, thread: &str) -> String {
        format!("{}/{thread}?{API_VERSION}", self.threads)
    }

    fn comment_path(&self, comment: &Mine) -> String {
        format!("{}/{}/comments/{}?{API_VERSION}", self.threads, comment.id, comment.part)
    }

    async fn patch(&self, path: String, body: Value) -> Result<(), HostError> {
        let request = Request::write(Method::PATCH, path, Some(body), "such comment");
        self.client.call(&request).await.map(drop)
    }

    fn mine_of(&self, thread: u64, comment: &WireComment, is_hidden: bool) -> Mine {
        Mine {
            id: thread.to_string(),
            part: comment.id.to_string(),
            body: comment.content.clone().unwrap_or_default(),
            url: format!("{}?discussionId={thread}", self.page),
            is_hidden,
        }
    }
}

/// An open thread while there is something to do, a closed one when there is not.
const fn status(is_pending: bool) -> u8 {
    if is_pending { ACTIVE } else { CLOSED }
}

#[derive(Deserialize)]
struct WireList {
    value: Vec<WireThread>,
    count: usize,
}

#[derive(Deserialize)]
struct WireThread {
    id: u64,
    #[serde(default)]
    comments: Vec<WireComment>,
    #[serde(default, rename = "isDeleted")]
    is_deleted: bool,
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    /// Absent once it is deleted.
    content: Option<String>,
    author: Option<WireIdentity>,
    #[serde(default, rename = "isDeleted")]
    is_deleted: bool,
}

#[derive(Deserialize)]
pub(super) struct WireIdentity {
    pub(super) id: String,
}

#[derive(Deserialize)]
struct WireConnection {
    #[serde(rename = "authenticatedUser")]
    user: WireIdentity,
}

/// The GUID of whoever the token stands for.
pub(super) async fn me(client: &Client, collection: &str) -> Result<String, HostError> {
    let me = Request::get(format!("{collection}/_apis/connectionData"), "collection at this address");
    let me: WireConnection = decode(client.call(&me).await?.json, "description of the connection")?;
    Ok(me.user.id)
}

#[async_trait]
impl Host for Azure {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn mine(&self, marker: &str) -> Result<Vec<Mine>, HostError> {
        let me = me(&self.client, &self.collection).await?;
        let mut out = Vec::new();
        for thread in self.all().await?.iter().filter(|thread| !thread.is_deleted) {
            // What others answer below it is theirs.
            let Some(first) = thread.comments.first().filter(|comment| !comment.is_deleted) else { continue };
            let is_mine = first.author.as_ref().is_some_and(|author| author.id.eq_ignore_ascii_case(&me));
            let is_hidden = first.content.as_deref().and_then(|content| marked(content, marker));
            if let (true, Some(is_hidden)) = (is_mine, is_hidden) {
                out.push(self.mine_of(thread.id, first, is_hidden));
            }
        }
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        Ok(out)
    }

    async fn create(&self, body: &str, is_pending: bool) -> Result<Mine, HostError> {
        let comment = json!({ "parentCommentId": 0, "content": body, "commentType": 1 });
        let body = json!({ "comments": [comment], "status": status(is_pending) });
        let path = format!("{}?{API_VERSION}", self.threads);
        let request = Request::write(Method::POST, path, Some(body), self.what.clone()).once();
        let thread: WireThread = decode(self.client.call(&request).await?.json, "new thread")?;
        match thread.comments.first() {
            Some(comment) => Ok(self.mine_of(thread.id, comment, false)),
            None => Err(HostError::Malformed { why: "its new thread has no comment".to_owned() }),
        }
    }

    async fn edit(&self, comment: &Mine, body: &str, is_pending: bool) -> Result<(), HostError> {
        self.patch(self.comment_path(comment), json!({ "content": body })).await?;
        self.patch(self.thread_path(&comment.id), json!({ "status": status(is_pending) })).await
    }

    async fn hide(&self, comment: &Mine) -> Result<(), HostError> {
        let text = folded(&comment.body, first_line(&comment.body));
        self.patch(self.comment_path(comment), json!({ "content": text })).await?;
        self.patch(self.thread_path(&comment.id), json!({ "status": CLOSED })).await
    }

    async fn delete(&self, comment: &Mine) -> Result<(), HostError> {
        let request = Request::write(Method::DELETE, self.comment_path(comment), None, "such comment");
        self.client.call(&request).await.map(drop)
    }
}
