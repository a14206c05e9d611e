//! The server's own API, `/v1`. [`ROUTES`] is the one place that says which addresses there are, who may use each, and
//! what goes in and out: the router, the check of roles and the OpenAPI document all come from it.

use axum::response::Response;
use axum::routing::MethodFilter;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;

use crate::server::app::fleet::evaluate::Evaluated;
use crate::server::app::fleet::licences::Refreshed;
use crate::server::app::fleet::load::Loaded;
use crate::server::app::fleet::policy::Files;
use crate::server::app::fleet::purge::Purged;
use crate::server::app::fleet::report::Reported;
use crate::server::app::item::Item;
use crate::server::app::leases::Taken;
use crate::server::app::portal;
use crate::server::app::portal::incidents::Decision;
use crate::server::app::portal::incidents::Incident;
use crate::server::app::read::Ties;
use crate::server::app::refused::Refused;
use crate::server::app::rights::Rights;
use crate::server::app::role::Role;
use crate::server::http::Server;
use crate::server::http::call::Call;

pub mod admin;
pub mod fleet;
pub mod items;
pub mod openapi;
pub mod portal_requests;
pub mod state;
pub mod wire;

/// The method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes.
    Post,
    /// Changes.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// The method, as HTTP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// What the router looks for; a `HEAD` is a `GET` without the body of its answer.
    pub const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody, without a token.
    Nothing,
    /// A token of this role, or of one above it.
    Role(Role),
}

/// A function that gives the schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a route takes.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// No body.
    Nothing,
    /// JSON of this schema.
    Json(SchemaOf),
    /// Lines of JSON.
    Lines,
}

/// What a route gives when it succeeds.
#[derive(Clone, Copy, Debug)]
pub enum Gives {
    /// No body.
    Nothing,
    /// JSON of this schema.
    Json(SchemaOf),
    /// Lines of JSON.
    Lines,
    /// An XML document.
    Xml,
}

/// Headers by which a write is made conditional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// None.
    Free,
    /// `If-Match` is needed.
    Match,
    /// `If-None-Match: *` is needed.
    NoneMatch,
    /// `If-None-Match` may be sent, and is answered 304.
    Cached,
}

/// One method at one address.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The address, with its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// The parameters of the query; others are refused.
    pub query: &'static [&'static str],
    /// How it is made conditional.
    pub condition: Condition,
    /// What goes in.
    pub takes: Takes,
    /// The status of success.
    pub status: u16,
    /// What comes out.
    pub gives: Gives,
    /// Whether a request can be sent again under an idempotency key.
    pub repeats: bool,
    /// Whether the answer is long enough to be compressed.
    pub streams: bool,
    /// What does it.
    pub handler: fn(&Server, &Call) -> Result<Response, Refused>,
}

impl Route {
    /// Whether it takes a body.
    pub const fn takes_body(&self) -> bool {
        !matches!(self.takes, Takes::Nothing)
    }
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const READER: Needs = Needs::Role(Role::Reader);
const APPLIER: Needs = Needs::Role(Role::Applier);
const ADMINISTRATOR: Needs = Needs::Role(Role::Administrator);

/// A route that reads JSON.
const fn get(
    path: &'static str,
    summary: &'static str,
    gives: SchemaOf,
    handler: fn(&Server, &Call) -> Result<Response, Refused>,
) -> Route {
    Route {
        method: Method::Get,
        path,
        needs: READER,
        summary,
        query: &[],
        condition: Condition::Free,
        takes: Takes::Nothing,
        status: 200,
        gives: Gives::Json(gives),
        repeats: false,
        streams: false,
        handler,
    }
}

/// A route that writes.
const fn write(
    method: Method,
    path: &'static str,
    summary: &'static str,
    needs: Needs,
    handler: fn(&Server, &Call) -> Result<Response, Refused>,
) -> Route {
    Route {
        method,
        path,
        needs,
        summary,
        query: &[],
        condition: Condition::Free,
        takes: Takes::Nothing,
        status: 204,
        gives: Gives::Nothing,
        repeats: true,
        streams: false,
        handler,
    }
}

/// Every route there is.
pub static ROUTES: &[Route] = &[
    Route {
        needs: Needs::Nothing,
        ..get("/v1/openapi.json", "This document", of::<serde_json::Value>, openapi::document)
    },
    Route {
        needs: Needs::Nothing,
        ..get("/v1/health", "Whether the server answers", of::<wire::Health>, admin::health)
    },
    get("/v1/server", "What server this is, and its time", of::<wire::ServerFacts>, admin::server),
    Route {
        query: &["internal"],
        condition: Condition::Cached,
        gives: Gives::Lines,
        streams: true,
        ..get("/v1/state", "The whole state at one moment", of::<Item>, state::state)
    },
    Route {
        condition: Condition::Cached,
        gives: Gives::Lines,
        streams: true,
        ..get("/v1/export", "The whole state with hidden step tasks, for a seed", of::<Item>, state::export)
    },
    Route {
        query: &["kind", "name"],
        ..get("/v1/items", "The items of a kind or name", of::<wire::Items>, items::find)
    },
    Route {
        condition: Condition::NoneMatch,
        takes: Takes::Json(of::<wire::CreateBody>),
        status: 201,
        gives: Gives::Json(of::<Item>),
        ..write(Method::Post, "/v1/items", "Make an item", APPLIER, items::create)
    },
    Route { condition: Condition::Cached, ..get("/v1/items/{guid}", "One item", of::<Item>, items::one) },
    Route {
        condition: Condition::Match,
        takes: Takes::Json(of::<wire::UpdateBody>),
        status: 200,
        gives: Gives::Json(of::<Item>),
        ..write(Method::Put, "/v1/items/{guid}", "Make an item what the body says", APPLIER, items::update)
    },
    Route {
        condition: Condition::Match,
        ..write(Method::Delete, "/v1/items/{guid}", "Remove an item", APPLIER, items::delete)
    },
    get("/v1/items/{guid}/references", "What an item is tied to", of::<Ties>, items::references_of),
    get("/v1/items/{guid}/rights", "The portal rights that hold on an item", of::<Rights>, items::rights_of),
    Route {
        query: &["parent", "child", "hint", "after", "limit"],
        ..get("/v1/references", "Rows of references", of::<wire::References>, items::references)
    },
    Route {
        takes: Takes::Json(of::<wire::Batch>),
        status: 200,
        gives: Gives::Json(of::<wire::BatchResults>),
        ..write(Method::Post, "/v1/batch", "Several operations, all or none", APPLIER, items::batch)
    },
    get("/v1/leases", "The lease that holds now", of::<wire::Leases>, admin::lease),
    Route {
        takes: Takes::Json(of::<wire::TakeLease>),
        status: 201,
        gives: Gives::Json(of::<Taken>),
        ..write(Method::Post, "/v1/leases", "Take the lease", APPLIER, admin::take_lease)
    },
    Route {
        takes: Takes::Json(of::<wire::RenewLease>),
        status: 200,
        gives: Gives::Json(of::<Taken>),
        ..write(Method::Put, "/v1/leases/{lease}", "Keep the lease for longer", APPLIER, admin::renew_lease)
    },
    write(Method::Delete, "/v1/leases/{lease}", "Give the lease back", APPLIER, admin::release_lease),
    Route {
        needs: ADMINISTRATOR,
        ..get("/v1/tokens", "The tokens, without their secrets", of::<wire::Tokens>, admin::tokens)
    },
    Route {
        takes: Takes::Json(of::<wire::NewToken>),
        status: 201,
        gives: Gives::Json(of::<wire::MadeToken>),
        // The answer holds the token, which is kept nowhere; so it cannot be given again.
        repeats: false,
        ..write(Method::Post, "/v1/tokens", "Make a token", ADMINISTRATOR, admin::make_token)
    },
    write(Method::Delete, "/v1/tokens/{id}", "Take a token back", ADMINISTRATOR, admin::delete_token),
    Route {
        status: 200,
        gives: Gives::Json(of::<Purged>),
        ..write(
            Method::Post,
            "/v1/purge",
            "Remove what nobody uses any more, and old events",
            ADMINISTRATOR,
            admin::purge,
        )
    },
    Route { query: &["after", "limit", "about"], ..get("/v1/audit", "The audit log", of::<wire::Audit>, admin::audit) },
    Route {
        gives: Gives::Lines,
        streams: true,
        ..get("/v1/fleet", "What is known of the computers at one moment", of::<wire::Computer>, fleet::fleet)
    },
    Route {
        takes: Takes::Lines,
        status: 200,
        gives: Gives::Json(of::<Loaded>),
        ..write(Method::Post, "/v1/fleet", "Load what is known of computers, all or none", ADMINISTRATOR, fleet::load)
    },
    Route {
        needs: READER,
        takes: Takes::Json(of::<wire::Evaluate>),
        status: 200,
        gives: Gives::Json(of::<Evaluated>),
        repeats: false,
        ..write(Method::Post, "/v1/evaluate", "What a query would find; nothing is stored", READER, fleet::evaluate)
    },
    Route {
        takes: Takes::Json(of::<wire::AskPolicy>),
        status: 200,
        gives: Gives::Json(of::<wire::Policy>),
        ..write(Method::Post, "/v1/agents/{computer}/policy", "A computer asks for its policy", APPLIER, fleet::policy)
    },
    Route {
        needs: APPLIER,
        gives: Gives::Xml,
        ..get(
            "/v1/agents/{computer}/policy.xml",
            "The same policy as the vendor's client policy document; nothing is noted",
            of::<serde_json::Value>,
            fleet::policy_document,
        )
    },
    Route {
        takes: Takes::Json(of::<wire::Report>),
        status: 200,
        gives: Gives::Json(of::<Reported>),
        ..write(Method::Post, "/v1/agents/{computer}/report", "A computer says what it did", APPLIER, fleet::report)
    },
    Route {
        needs: APPLIER,
        ..get("/v1/agents/{computer}/packages/{package}", "Where a package's files are", of::<Files>, fleet::files)
    },
    Route {
        status: 200,
        gives: Gives::Json(of::<Refreshed>),
        ..write(
            Method::Post,
            "/v1/licences/refresh",
            "Take licences back from computers that are retired or deleted",
            ADMINISTRATOR,
            fleet::refresh_licences,
        )
    },
    write(Method::Delete, "/v1/computers/{computer}", "Remove a computer", ADMINISTRATOR, fleet::delete_computer),
    Route {
        query: &["computer", "task", "after", "limit"],
        ..get("/v1/executions", "What computers ran", of::<wire::Executions>, fleet::executions)
    },
    Route {
        query: &["computer", "task", "after", "limit"],
        ..get("/v1/events", "Status events of computers", of::<wire::Events>, fleet::events)
    },
    Route {
        takes: Takes::Json(of::<portal::Ask>),
        status: 201,
        gives: Gives::Json(of::<portal::Request>),
        ..write(Method::Post, "/v1/portal/requests", "A user asks for software", APPLIER, portal_requests::ask)
    },
    Route {
        query: &["computer", "status", "after", "limit"],
        ..get("/v1/portal/requests", "Requests of the portal", of::<wire::PortalRequests>, portal_requests::list)
    },
    get("/v1/portal/requests/{request}", "One request", of::<portal::Request>, portal_requests::one),
    Route {
        status: 200,
        gives: Gives::Json(of::<portal::Request>),
        ..write(
            Method::Post,
            "/v1/portal/requests/{request}/approve",
            "Approve a request that waits",
            ADMINISTRATOR,
            portal_requests::approve,
        )
    },
    Route {
        status: 200,
        gives: Gives::Json(of::<portal::Request>),
        ..write(
            Method::Post,
            "/v1/portal/requests/{request}/reject",
            "Reject a request that waits",
            ADMINISTRATOR,
            portal_requests::reject,
        )
    },
    Route {
        query: &["after", "limit"],
        ..get(
            "/v1/portal/incidents",
            "Incidents, decided ones too: requests on approval, by what they ask for",
            of::<wire::PortalIncidents>,
            portal_requests::incidents,
        )
    },
    get("/v1/portal/incidents/{incident}", "One incident", of::<Incident>, portal_requests::incident),
    Route {
        status: 200,
        gives: Gives::Json(of::<Incident>),
        ..write(
            Method::Post,
            "/v1/portal/incidents/{incident}/open",
            "Open the approval: no request joins the incident any more",
            ADMINISTRATOR,
            portal_requests::open,
        )
    },
    Route {
        takes: Takes::Json(of::<Decision>),
        status: 200,
        gives: Gives::Json(of::<Incident>),
        ..write(
            Method::Post,
            "/v1/portal/incidents/{incident}/decide",
            "Approve the requests that are named, and reject the others",
            ADMINISTRATOR,
            portal_requests::decide,
        )
    },
];
