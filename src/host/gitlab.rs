//! GitLab: notes of a merge request.

use async_trait::async_trait;
use http::HeaderMap;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
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
use crate::host::next_page;
use crate::host::segment;

/// Entries of one page; the most that the API gives.
pub(super) const PER_PAGE: usize = 100;
/// The most pages of a list that are read.
const PAGES_MAX: usize = 300;

/// The API of GitLab at one address.
pub(super) struct Api {
    pub(super) client: Client,
    origin: Url,
    /// The path of the API, such as `/api/v4`.
    pub(super) rest: String,
}

impl Api {
    /// `api` is the address of the REST API, `client` speaks to its origin.
    pub(super) fn new(client: Client, api: &Url) -> Self {
        Self { client, origin: api.clone(), rest: api.path().trim_end_matches('/').to_owned() }
    }

    /// The number of whoever the token stands for.
    pub(super) async fn me(&self) -> Result<u64, HostError> {
        let me = Request::get(format!("{}/user", self.rest), "API of GitLab at this address");
        let me: WireUser = decode(self.client.call(&me).await?.json, "description of the token's user")?;
        Ok(me.id)
    }

    /// A list, over all pages; `first` is the address of the first, without its number.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        first: &str,
        about: &str,
        list: &str,
    ) -> Result<Vec<T>, HostError> {
        let mut attempt = 1;
        loop {
            match self.pages_once(first, about, list).await {
                // Somebody wrote or deleted one while it was read.
                Err(error @ HostError::Short { .. }) if attempt < ATTEMPTS_MAX => {
                    if !self.client.pause(attempt, &error).await {
                        return Err(error);
                    }
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn pages_once<T: DeserializeOwned>(&self, first: &str, about: &str, list: &str) -> Result<Vec<T>, HostError> {
        let mut out: Vec<T> = Vec::new();
        let mut path = Some(format!("{first}&page=1"));
        let (mut pages, mut total) = (0, None);
        while let Some(page) = path {
            if pages == PAGES_MAX {
                return Err(HostError::Short { why: format!("there are more than {PAGES_MAX} pages") });
            }
            let Reply { headers, json } = self.client.call(&Request::get(page, about)).await?;
            pages += 1;
            // Left out by the host where there are more than 10,000.
            total = number(&headers, "x-total").or(total);
            path = match headers.get("x-next-page").and_then(|value| value.to_str().ok()).map(str::trim) {
                Some("") => None,
                Some(next) => {
                    let next: u64 = next
                        .parse()
                        .map_err(|_| HostError::Malformed { why: "`X-Next-Page` is no number".to_owned() })?;
                    Some(format!("{first}&page={next}"))
                }
                None => next_page(&headers, &self.origin)?,
            };
            out.extend(decode::<Vec<T>>(json, list)?);
        }
        match total {
            Some(total) if total > out.len() => Err(HostError::Short { why: format!("{} of {total} came", out.len()) }),
            _ => Ok(out),
        }
    }
}

/// One merge request.
pub struct GitLab {
    api: Api,
    /// The path of the notes.
    notes: String,
    /// For messages.
    what: String,
    number: u64,
}

impl GitLab {
    /// A merge request of a project, which is a number or a path; `api` is the address of the REST API, `client` speaks
    /// to its origin.
    pub fn new(client: Client, api: &Url, project: &str, number: u64) -> Self {
        let api = Api::new(client, api);
        Self {
            notes: format!("{}/projects/{}/merge_requests/{number}/notes", api.rest, segment(project)),
            api,
            what: format!("merge request {number} in project `{project}`"),
            number,
        }
    }

    /// Every note, over all pages.
    async fn all(&self) -> Result<Vec<WireNote>, HostError> {
        let first = format!("{}?per_page={PER_PAGE}&sort=asc&order_by=created_at", self.notes);
        self.api.pages(&first, &self.what, "list of notes").await
    }

    async fn put(&self, id: &str, body: &str) -> Result<(), HostError> {
        let path = format!("{}/{id}", self.notes);
        let request = Request::write(Method::PUT, path, Some(json!({ "body": body })), "such note");
        self.api.client.call(&request).await.map(drop)
    }

    fn mine_of(&self, note: WireNote, is_hidden: bool) -> Mine {
        let url = format!("!{}, note {}", self.number, note.id);
        Mine { id: note.id.to_string(), part: String::new(), body: note.body, url, is_hidden }
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[derive(Deserialize)]
struct WireNote {
    id: u64,
    body: String,
    author: WireUser,
    #[serde(default)]
    system: bool,
}

#[derive(Deserialize)]
struct WireUser {
    id: u64,
}

#[async_trait]
impl Host for GitLab {
    fn client(&self) -> &Client {
        &self.api.client
    }

    async fn mine(&self, marker: &str) -> Result<Vec<Mine>, HostError> {
        let me = self.api.me().await?;
        let notes = self.all().await?;
        let ours = notes.into_iter().filter(|note| !note.system && note.author.id == me);
        let mut out: Vec<Mine> =
            ours.filter_map(|note| marked(&note.body, marker).map(|is_hidden| self.mine_of(note, is_hidden))).collect();
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        out.dedup_by(|a, b| a.id == b.id);
        Ok(out)
    }

    async fn create(&self, body: &str, _is_pending: bool) -> Result<Mine, HostError> {
        let body = json!({ "body": body });
        let request = Request::write(Method::POST, self.notes.clone(), Some(body), self.what.clone()).once();
        let note: WireNote = decode(self.api.client.call(&request).await?.json, "new note")?;
        Ok(self.mine_of(note, false))
    }

    async fn edit(&self, comment: &Mine, body: &str, _is_pending: bool) -> Result<(), HostError> {
        self.put(&comment.id, body).await
    }

    async fn hide(&self, comment: &Mine) -> Result<(), HostError> {
        self.put(&comment.id, &folded(&comment.body, first_line(&comment.body))).await
    }

    async fn delete(&self, comment: &Mine) -> Result<(), HostError> {
        let request = Request::write(Method::DELETE, format!("{}/{}", self.notes, comment.id), None, "such note");
        self.api.client.call(&request).await.map(drop)
    }
}
