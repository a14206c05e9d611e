//! The OpenAPI 3.1 document: assembled from the table of routes and the schemas of the types themselves.

use axum::response::Response;
use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::server::app::refused::Refused;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::json as json_answer;
use crate::server::http::v1::Condition;
use crate::server::http::v1::Gives;
use crate::server::http::v1::Needs;
use crate::server::http::v1::ROUTES;
use crate::server::http::v1::Route;
use crate::server::http::v1::Takes;
use crate::server::http::v1::wire::ErrorBody;

pub(super) fn document(_: &Server, _: &Call) -> Result<Response, Refused> {
    Ok(json_answer(StatusCode::OK, build().to_string()))
}

/// The document.
pub fn build() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let error = generator.subschema_for::<ErrorBody>();
    let mut paths = Map::new();
    for route in ROUTES {
        let at = paths.entry(route.path).or_insert_with(|| json!({}));
        at[route.method.name().to_ascii_lowercase()] = operation(route, error.as_value(), &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "consign reference server",
            "version": "1",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(route: &Route, error: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut success = json!({ "description": route.summary });
    match route.gives {
        Gives::Nothing => {}
        Gives::Json(schema) => success["content"] = content("application/json", schema(generator).to_value()),
        Gives::Lines => success["content"] = content("application/x-ndjson", json!({ "type": "string" })),
        Gives::Xml => success["content"] = content("application/xml", json!({ "type": "string" })),
    }
    let mut responses = Map::new();
    responses.insert(route.status.to_string(), success);
    if route.condition == Condition::Cached {
        responses.insert("304".to_owned(), json!({ "description": "The caller has it already" }));
    }
    let refusal = json!({ "description": "A refusal", "content": content("application/json", error.clone()) });
    responses.insert("default".to_owned(), refusal);
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses,
    });
    let taken = match route.takes {
        Takes::Nothing => None,
        Takes::Json(schema) => Some(content("application/json", schema(generator).to_value())),
        Takes::Lines => Some(content("application/x-ndjson", json!({ "type": "string" }))),
    };
    if let Some(content) = taken {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    match route.needs {
        Needs::Nothing => operation["security"] = json!([]),
        Needs::Role(role) => {
            operation["security"] = json!([{ "token": [] }]);
            operation["x-role"] = role.name().into();
        }
    }
    operation
}

fn content(media: &str, schema: Value) -> Value {
    let mut content = Map::new();
    content.insert(media.to_owned(), json!({ "schema": schema }));
    content.into()
}

/// The method and the words of the path, such as `getItemsGuidRights`.
fn operation_id(route: &Route) -> String {
    let mut id = route.method.name().to_ascii_lowercase();
    for word in route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "v1")
    {
        id.push_str(&word[..1].to_ascii_uppercase());
        id.push_str(&word[1..]);
    }
    id
}

fn parameters(route: &Route) -> Vec<Value> {
    let text = || json!({ "type": "string" });
    let mut found = Vec::new();
    for part in route.path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            found.push(json!({ "name": name, "in": "path", "required": true, "schema": text() }));
        }
    }
    for name in route.query {
        found.push(json!({ "name": name, "in": "query", "required": false, "schema": text() }));
    }
    let mut header = |name: &str, required: bool, description: &str| {
        let schema = text();
        let described = json!({ "name": name, "in": "header", "required": required, "description": description,
            "schema": schema });
        found.push(described);
    };
    match route.condition {
        Condition::Free => {}
        Condition::Match => header("If-Match", true, "The revision that the change is meant for, between quotes"),
        Condition::NoneMatch => header("If-None-Match", true, "`*`"),
        Condition::Cached => header("If-None-Match", false, "The tag of what the caller has; then 304"),
    }
    if route.repeats {
        header("Idempotency-Key", false, "The same request under the same key has one effect, and one answer");
        header("Consign-Plan", false, "The hash of the plan, for the audit log");
        header(
            "Consign-Origin",
            false,
            "The revision that the plan is of, for the audit log: `commit=…&clean=…&branch=…`",
        );
        header("Consign-Fence", false, "The number of the lease; appliers need it to write items");
    }
    found
}
