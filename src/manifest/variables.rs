//! `${{ name }}` in manifests: a server's own values for texts. Filled into text that is already read, so a value is
//! never taken for YAML.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::load::Head;
use super::tree::Data;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::did_you_mean;
use crate::diag::visible;
use crate::model::project::Project;
use crate::rules::manifest::MAN_11;

const OPEN: &str = "${{";

/// The values for one server.
pub(super) struct Variables<'a> {
    values: BTreeMap<&'a str, &'a str>,
    /// Whose they are, for messages.
    whose: String,
}

impl<'a> Variables<'a> {
    /// Those of a server. Without one, each variable has the value of the first server that has it: enough to judge
    /// the form of what comes out.
    pub(super) fn of(project: &'a Project, server: Option<&str>) -> Self {
        let mut values = BTreeMap::new();
        for (name, config) in project.servers.iter().rev() {
            if server.is_none_or(|server| server == name) {
                values.extend(config.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            }
        }
        let whose =
            server.map_or_else(|| "no server".to_owned(), |name| format!("server `{}` does not", visible(name)));
        Self { values, whose }
    }
}

/// What a text with variables says on each server that has them all, each once.
pub fn readings(project: &Project, text: &str) -> BTreeSet<String> {
    let on = |name: &String| expand(text, &Variables::of(project, Some(name))).ok();
    project.servers.keys().filter_map(on).collect()
}

/// Whether a node may hold variables: the values of `metadata.folder` and of everything below `spec`.
fn places(tree: &Tree<'_>) -> Vec<(usize, bool)> {
    let mut all = Vec::new();
    let folder = tree.get(0, "metadata").and_then(|metadata| tree.get(metadata, "folder"));
    let spec = tree.get(0, "spec");
    let mut stack = vec![0];
    while let Some(at) = stack.pop() {
        let inside = |at: usize| folder == Some(at) || spec.is_some_and(|spec| (spec..tree.next(spec)).contains(&at));
        for (key, value) in tree.pairs(at) {
            all.push((key, false));
            all.push((value, inside(value)));
            stack.push(value);
        }
        for element in tree.elements(at) {
            all.push((element, inside(element)));
            stack.push(element);
        }
    }
    all.sort_unstable();
    all
}

/// Variables where none can be: in keys and in what makes an item's identity.
pub(super) fn misplaced(head: &Head, tree: &Tree<'_>) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for (at, allowed) in places(tree) {
        if !allowed && tree.text(at).is_some_and(|text| text.contains(OPEN)) {
            let is_key = tree.is_key(at);
            let part = if is_key { Part::Key } else { Part::Value };
            let at =
                Location::Pointer { source: head.source, document: head.number, pointer: tree.pointer_of(at), part };
            findings.push(
                Diagnostic::error(&MAN_11, at, "no variable can stand here")
                    .help("variables stand in texts below `spec` and in `metadata.folder`; names and keys are the same everywhere"),
            );
        }
    }
    findings
}

/// Fills in every variable of a document.
pub(super) fn fill(
    tree: &mut Tree<'_>,
    variables: &Variables<'_>,
    place: &dyn Fn(String, Part) -> Location,
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for (at, allowed) in places(tree) {
        let Some(text) = tree.text(at).filter(|text| allowed && text.contains(OPEN)) else { continue };
        match expand(text, variables) {
            Ok(filled) => tree.nodes[at].data = Data::Text(Cow::Owned(filled)),
            Err(problem) => {
                let at = place(tree.pointer_of(at), Part::Value);
                findings.push(problem.finding(at, variables));
            }
        }
    }
    findings
}

enum Problem {
    Unclosed,
    NotAName(String),
    Unknown(String),
}

impl Problem {
    fn finding(self, at: Location, variables: &Variables<'_>) -> Diagnostic {
        match self {
            Self::Unclosed => Diagnostic::error(&MAN_11, at, "`${{` without its `}}`")
                .help("close the variable; write `$${{` where the braces themselves are meant"),
            Self::NotAName(name) => {
                let message = format!("`{}` is no name of a variable", visible(&name));
                Diagnostic::error(&MAN_11, at, message).help("a name is letters, digits, `_`, `-` and `.`")
            }
            Self::Unknown(name) => {
                let name = visible(&name);
                let message = if variables.whose == "no server" {
                    format!("no server has a value for the variable `{name}`")
                } else {
                    format!("{} have a value for the variable `{name}`", variables.whose)
                };
                let near = did_you_mean(&name, variables.values.keys().copied())
                    .map(|near| format!("{near} "))
                    .unwrap_or_default();
                let help = format!("{near}add it under the server's `variables` in `consign.yaml`");
                Diagnostic::error(&MAN_11, at, message).help(help)
            }
        }
    }
}

/// A text with its variables filled in; `$${{` stands for `${{` itself.
fn expand(text: &str, variables: &Variables<'_>) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let after = &rest[at + OPEN.len()..];
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str(OPEN);
            rest = after;
            continue;
        }
        out.push_str(&rest[..at]);
        let end = after.find("}}").ok_or(Problem::Unclosed)?;
        let name = after[..end].trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return Err(Problem::NotAName(name.to_owned()));
        }
        out.push_str(variables.values.get(name).ok_or_else(|| Problem::Unknown(name.to_owned()))?);
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_once_and_escapes_stay() {
        let variables = Variables { values: [("a", "1"), ("b.c", "${{ a }}")].into(), whose: "no server".to_owned() };
        for (text, filled) in [
            ("x${{ a }}y${{a}}", Some("x1y1")),
            ("${{ b.c }}", Some("${{ a }}")), // A value is never expanded again.
            ("$${{ a }}", Some("${{ a }}")),
            ("$$${{ a }}", Some("$${{ a }}")),
            ("$ {{ a }}", Some("$ {{ a }}")),
            ("${{ a", None),
            ("${{ d }}", None),
            ("${{ a b }}", None),
            ("${{}}", None),
        ] {
            assert_eq!(expand(text, &variables).ok().as_deref(), filled, "{text}");
        }
    }
}
