//! One request, once its token, role and body are known: what handlers read of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use http::header;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::model::guid::Guid;
use crate::server::app::audit::Origin;
use crate::server::app::digest_of;
use crate::server::app::item::Revision;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::app::writer::Caller;
use crate::server::http::strict;
use crate::server::http::v1::Route;

/// The number of the lease that a write is done under.
pub const FENCE: &str = "consign-fence";
/// The hash of the plan that a write carries out.
pub const PLAN: &str = "consign-plan";
/// The revision that the plan of a write is of.
pub const ORIGIN: &str = "consign-origin";
/// The key by which a request that comes again is known.
pub const KEY: &str = "idempotency-key";
/// Says that an answer is the one given before.
pub const REPLAYED: &str = "idempotency-replayed";

/// The longest key or hash that is taken, in bytes.
const TEXT_MAX: usize = 128;

/// The longest revision that is taken, in bytes.
const ORIGIN_MAX: usize = 4096;

/// A request.
#[derive(Debug)]
pub struct Call {
    principal: Option<Principal>,
    method: String,
    target: String,
    params: Vec<(String, String)>,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    pub(super) fn new(
        route: &Route,
        principal: Option<Principal>,
        parts: &Parts,
        params: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Self, Refused> {
        let mut query = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            if !route.query.contains(&name.as_ref()) {
                return Err(
                    Refused::new(Code::Malformed, "there is no such parameter here").with("field", name.as_ref())
                );
            }
            if query.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Refused::new(Code::Malformed, "a parameter stands twice").with("field", name.as_ref()));
            }
        }
        let target = parts.uri.path_and_query().map_or_else(String::new, |target| target.as_str().to_owned());
        let method = parts.method.as_str().to_owned();
        Ok(Self { principal, method, target, params, query, headers: parts.headers.clone(), body })
    }

    /// Who asks.
    ///
    /// # Errors
    /// `internal` on a route that needs no token, which has no use for it.
    pub fn principal(&self) -> Result<&Principal, Refused> {
        self.principal.as_ref().ok_or_else(|| Refused::new(Code::Internal, "the address is open to everybody"))
    }

    /// A part of the path.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The GUID in the path. What is no GUID names nothing.
    ///
    /// # Errors
    /// `not_found`.
    pub fn guid(&self, name: &str) -> Result<Guid, Refused> {
        self.param(name).parse().map_err(|_| Refused::new(Code::NotFound, "the address has no GUID in its place"))
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter of the query, read.
    ///
    /// # Errors
    /// `malformed`.
    pub fn query_as<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let read = |text: &str| {
            let refused = || Refused::new(Code::Malformed, "the parameter cannot be read").with("field", name);
            text.parse().map_err(|_| refused())
        };
        self.query(name).map(read).transpose()
    }

    /// The body, read.
    ///
    /// # Errors
    /// `malformed`, `invalid`.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        strict::read(&self.body)
    }

    /// The body, as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    fn header(&self, name: &str) -> Result<Option<&str>, Refused> {
        let malformed = || Refused::new(Code::Malformed, format!("the header `{name}` cannot be read"));
        let mut all = self.headers.get_all(name).iter();
        let Some(first) = all.next() else { return Ok(None) };
        if all.next().is_some() {
            return Err(malformed());
        }
        first.to_str().map(Some).map_err(|_| malformed())
    }

    /// The revision that a write expects.
    ///
    /// # Errors
    /// `precondition_required` without one; `malformed` when it is not one strong tag.
    pub fn if_match(&self) -> Result<Revision, Refused> {
        match self.header(header::IF_MATCH.as_str())? {
            None | Some("*") => Err(Refused::new(
                Code::PreconditionRequired,
                "send `If-Match` with the revision that the change is meant for",
            )),
            Some(text) => revision(text).ok_or_else(|| {
                Refused::new(Code::Malformed, "`If-Match` is one revision between quotes").with("field", "If-Match")
            }),
        }
    }

    /// Holds a request that makes something to `If-None-Match: *`.
    ///
    /// # Errors
    /// `precondition_required`.
    pub fn if_none_there(&self) -> Result<(), Refused> {
        if self.header(header::IF_NONE_MATCH.as_str())? == Some("*") {
            return Ok(());
        }
        Err(Refused::new(Code::PreconditionRequired, "send `If-None-Match: *` to make what is not there"))
    }

    /// Whether the caller has what this tag stands for.
    ///
    /// # Errors
    /// `malformed`.
    pub fn has(&self, etag: &str) -> Result<bool, Refused> {
        let Some(text) = self.header(header::IF_NONE_MATCH.as_str())? else { return Ok(false) };
        Ok(text.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag))
    }

    /// Who writes, and under what.
    ///
    /// # Errors
    /// `malformed` when one of the headers cannot be read.
    pub fn caller(&self) -> Result<Caller, Refused> {
        let fence = self.header(FENCE)?.map(|text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let refused = || Refused::new(Code::Malformed, "a fence is a whole number").with("field", "Consign-Fence");
            text.parse().ok().filter(|_| digits).ok_or_else(refused)
        });
        Ok(Caller {
            principal: self.principal()?.clone(),
            fence: fence.transpose()?,
            key: self.short_text(KEY)?,
            plan: self.short_text(PLAN)?,
            origin: self.origin()?,
        })
    }

    fn origin(&self) -> Result<Option<Origin>, Refused> {
        let Some(text) = self.header(ORIGIN)? else { return Ok(None) };
        let refused = || {
            let why = "a revision is `commit=…&clean=true|false&branch=…`, the branch optional";
            Refused::new(Code::Malformed, why).with("field", "Consign-Origin")
        };
        Some(text).filter(|text| text.len() <= ORIGIN_MAX).and_then(Origin::parse).map(Some).ok_or_else(refused)
    }

    fn short_text(&self, name: &str) -> Result<Option<String>, Refused> {
        let Some(text) = self.header(name)? else { return Ok(None) };
        if text.is_empty() || text.len() > TEXT_MAX {
            let why = format!("`{name}` has 1 to {TEXT_MAX} characters");
            return Err(Refused::new(Code::Malformed, why).with("field", name));
        }
        Ok(Some(text.to_owned()))
    }

    /// The digest of what makes this request this request: method, address, preconditions and body. The fence is not
    /// among it: a run that goes on under a new lease sends the same request.
    pub fn digest(&self) -> [u8; 32] {
        let sent = |name: header::HeaderName| self.headers.get(name).map_or(&b""[..], http::HeaderValue::as_bytes);
        digest_of(&[
            self.method.as_bytes(),
            self.target.as_bytes(),
            sent(header::IF_MATCH),
            sent(header::IF_NONE_MATCH),
            &self.body,
        ])
    }
}

/// The revision in a strong tag.
pub fn revision(text: &str) -> Option<Revision> {
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).map(Revision)
}
