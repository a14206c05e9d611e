//! GitLab: notes of a merge request.

use async_trait::async_trait;
use http::HeaderMap;
use http::Method;
use serde::Deserialize;
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

/// Notes of one page; the most that the API gives.
const PER_PAGE: usize = 100;
/// The most pages of notes that are read.
const PAGES_MAX: usize = 300;

/// One merge request.
pub struct GitLab {
    client: Client,
    origin: Url,
    /// The path of the notes.
    notes: String,
    /// The path of the API, such as `/api/v4`.
    rest: String,
    /// For messages.
    what: String,
    number: u64,
}

impl GitLab {
    /// A merge request of a project, which is a number or a path; `api` is the address of the REST API, `client` speaks
    /// to its origin.
    pub fn new(client: Client, api: &Url, project: &str, number: u64) -> Self {
        let rest = api.path().trim_end_matches('/').to_owned();
        Self {
            client,
            origin: api.clone(),
            notes: format!("{rest}/projects/{}/merge_requests/{number}/notes", segment(project)),
            rest,
            what: format!("merge request {number} in project `{project}`"),
            number,
        }
    }

    /// Every note, over all pages.
    async fn all(&self) -> Result<Vec<WireNote>, HostError> {
        let mut attempt = 1;
        loop {
            match self.all_once().await {
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

    async fn all_once(&self) -> Result<Vec<WireNote>, HostError> {
        let first = format!("{}?per_page={PER_PAGE}&sort=asc&order_by=created_at", self.notes);
        let mut out: Vec<WireNote> = Vec::new();
        let mut path = Some(format!("{first}&page=1"));
        let (mut pages, mut total) = (0, None);
        while let Some(page) = path {
            if pages == PAGES_MAX {
                return Err(HostError::Short { why: format!("there are more than {PAGES_MAX} pages") });
            }
            let Reply { headers, json } = self.client.call(&Request::get(page, self.what.clone())).await?;
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
            out.extend(decode::<Vec<WireNote>>(json, "list of notes")?);
        }
        match total {
            Some(total) if total > out.len() => {
                Err(HostError::Short { why: format!("{} of {total} notes came", out.len()) })
            }
            _ => Ok(out),
        }
    }

    async fn put(&self, id: &str, body: &str) -> Result<(), HostError> {
        let path = format!("{}/{id}", self.notes);
        let request = Request::write(Method::PUT, path, Some(json!({ "body": body })), "such note");
        self.client.call(&request).await.map(drop)
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
        &self.client
    }

    async fn mine(&self, marker: &str) -> Result<Vec<Mine>, HostError> {
        let me = Request::get(format!("{}/user", self.rest), "API of GitLab at this address");
        let me: WireUser = decode(self.client.call(&me).await?.json, "description of the token's user")?;
        let notes = self.all().await?;
        let ours = notes.into_iter().filter(|note| !note.system && note.author.id == me.id);
        let mut out: Vec<Mine> =
            ours.filter_map(|note| marked(&note.body, marker).map(|is_hidden| self.mine_of(note, is_hidden))).collect();
        out.sort_by_key(|one| one.id.parse::<u64>().unwrap_or(0));
        out.dedup_by(|a, b| a.id == b.id);
        Ok(out)
    }

    async fn create(&self, body: &str, _is_pending: bool) -> Result<Mine, HostError> {
        let body = json!({ "body": body });
        let request = Request::write(Method::POST, self.notes.clone(), Some(body), self.what.clone()).once();
        let note: WireNote = decode(self.client.call(&request).await?.json, "new note")?;
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
        self.client.call(&request).await.map(drop)
    }
}
