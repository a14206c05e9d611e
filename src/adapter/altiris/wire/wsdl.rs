//! What a service says of itself: its namespace, its messages and their parameters.

use std::collections::BTreeMap;

use super::xml::Node;

/// A service as its WSDL describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Its namespace, which is part of each call.
    pub namespace: String,
    /// Its messages by name: an overload has a name of its own.
    pub messages: BTreeMap<String, Vec<Parameter>>,
    /// Whether its messages can be sent as forms.
    pub form_post: bool,
    /// The same by `GET`.
    pub form_get: bool,
}

/// A parameter of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, without a prefix, such as `string` or `guid`.
    pub of: String,
    /// Whether it can be left out, which is null.
    pub optional: bool,
}

impl Description {
    /// Whether there is such a message.
    pub fn has(&self, message: &str) -> bool {
        self.messages.contains_key(message)
    }
}

/// Reads a WSDL.
///
/// # Errors
/// What is wrong with it.
pub fn read(root: &Node) -> Result<Description, String> {
    if root.name != "definitions" {
        return Err("its root is not `definitions`".to_owned());
    }
    let namespace = root.attribute("targetNamespace").unwrap_or_default().to_owned();
    if namespace.is_empty() {
        return Err("it names no target namespace".to_owned());
    }
    let all = root.all();
    let verb = |wanted: &str| {
        all.iter().any(|node| {
            node.name == "binding" && node.attribute("verb").is_some_and(|verb| verb.eq_ignore_ascii_case(wanted))
        })
    };
    let (form_post, form_get) = (verb("POST"), verb("GET"));
    let mut elements = BTreeMap::new();
    let types = root.child("types").map(|types| types.within.as_slice()).unwrap_or_default();
    for schema in types.iter().filter(|node| node.name == "schema") {
        // A schema of another namespace describes types only.
        if schema.attribute("targetNamespace").is_some_and(|other| other != namespace) {
            continue;
        }
        for element in schema.within.iter().filter(|node| node.name == "element") {
            if let Some(name) = element.attribute("name") {
                elements.insert(name.to_owned(), parameters(element));
            }
        }
    }
    // A message is what has an answer; the other elements are types of results.
    let messages = elements
        .iter()
        .filter(|(name, _)| elements.contains_key(&format!("{name}Response")))
        .map(|(name, parameters)| (name.clone(), parameters.clone()))
        .collect::<BTreeMap<_, _>>();
    if messages.is_empty() {
        return Err("it describes no message".to_owned());
    }
    Ok(Description { namespace, messages, form_post, form_get })
}

fn parameters(element: &Node) -> Vec<Parameter> {
    let sequence = element.child("complexType").and_then(|complex| complex.child("sequence"));
    let Some(sequence) = sequence else { return Vec::new() };
    let parameter = |node: &Node| {
        let name = node.attribute("name")?.to_owned();
        let of = node.attribute("type").unwrap_or_default();
        let of = of.rsplit_once(':').map_or(of, |(_, local)| local).to_owned();
        let optional = node.attribute("minOccurs") == Some("0") || node.attribute("nillable") == Some("true");
        Some(Parameter { name, of, optional })
    };
    sequence.within.iter().filter(|node| node.name == "element").filter_map(parameter).collect()
}
