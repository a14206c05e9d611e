//! What differs between the policies of two project files, and which of them governs.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::model::drift::DriftSettings;
use crate::model::project::Limit;
use crate::model::project::Policy;
use crate::model::project::Project;
use crate::model::project::ServerConfig;
use crate::model::project::Severity;
use crate::rules::plan::PLN_2;

/// One thing that a project file says otherwise about what is allowed, or about where and with what rights it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// Where it stands in `consign.yaml`, with dots: `policy.limits.SEQ-1`, `servers.lab.prune`.
    pub path: String,
    /// What it was; null: nothing.
    pub before: Value,
    /// What it is to be; null: nothing.
    pub after: Value,
    /// Whether more is allowed by it, or may be; what cannot be told counts as more.
    pub loosens: bool,
}

/// What differs between two project files in limits, severities, protected sets and servers, in the order of the file.
/// Variables, overlays, externals and where manifests are belong to what is declared, and show as changes of items.
pub fn policy_changes(before: &Project, after: &Project) -> Vec<PolicyChange> {
    let mut out = Vec::new();
    policies(&before.policy, &after.policy, &mut out);
    let names: BTreeSet<&String> = before.servers.keys().chain(after.servers.keys()).collect();
    for name in names {
        match (before.servers.get(name), after.servers.get(name)) {
            (Some(before), Some(after)) => servers(name, before, after, &mut out),
            // Another server is another place to write to.
            (before, after) => note(&mut out, format!("servers.{name}"), &before, &after, after.is_some()),
        }
    }
    receivers(&before.drift, &after.drift, &mut out);
    let names: BTreeSet<&String> = before.secrets.keys().chain(after.secrets.keys()).collect();
    for name in names {
        note(&mut out, format!("secrets.{name}"), &before.secrets.get(name), &after.secrets.get(name), true);
    }
    out
}

/// The project that a proposal is judged by: limits, severities, protected sets, servers, secrets and who is told of
/// drift are those of the base, and what is declared is that of the proposal. A server that only the proposal has is none yet.
pub fn governed(base: &Project, proposed: &Project) -> Project {
    let mut servers = base.servers.clone();
    for (name, config) in &mut servers {
        if let Some(theirs) = proposed.servers.get(name) {
            config.variables.clone_from(&theirs.variables);
            config.overlays.clone_from(&theirs.overlays);
        }
    }
    Project {
        servers,
        policy: base.policy.clone(),
        drift: base.drift.clone(),
        // Where a secret comes from may be a command: a proposal runs none.
        secrets: base.secrets.clone(),
        ..proposed.clone()
    }
}

fn note<T: Serialize + PartialEq>(out: &mut Vec<PolicyChange>, path: String, before: &T, after: &T, loosens: bool) {
    if before != after {
        let value = |of: &T| serde_json::to_value(of).expect("a project prints as JSON: its maps have text keys");
        out.push(PolicyChange { path, before: value(before), after: value(after), loosens });
    }
}

fn policies(before: &Policy, after: &Policy, out: &mut Vec<PolicyChange>) {
    // No `..`: a new part of the policy does not compile until someone decides what a change of it means.
    let Policy { limits, severities, protected, protected_roles } = after;
    let rules: BTreeSet<&String> = before.limits.keys().chain(limits.keys()).collect();
    for rule in rules {
        let (before, after) = (before.limits.get(rule), limits.get(rule));
        // PLN-2 has a limit where none is written.
        let loosens = match (before, after) {
            (Some(before), Some(after)) => is_wider(before, after),
            (Some(_), None) => true,
            (None, _) => rule == PLN_2.id,
        };
        note(out, format!("policy.limits.{rule}"), &before, &after, loosens);
    }
    let rules: BTreeSet<&String> = before.severities.keys().chain(severities.keys()).collect();
    for rule in rules {
        let (before, after) = (before.severities.get(rule), severities.get(rule));
        let loosens = match (before, after) {
            (Some(before), Some(after)) => after < before,
            (Some(before), None) => *before == Severity::Error,
            (None, after) => after != Some(&Severity::Error),
        };
        note(out, format!("policy.severities.{rule}"), &before, &after, loosens);
    }
    let loosens = before.protected.iter().any(|one| !protected.contains(one));
    note(out, "policy.protected".to_owned(), &before.protected, protected, loosens);
    let loosens = match (&before.protected_roles, protected_roles) {
        (Some(before), Some(after)) => before.iter().any(|one| !after.contains(one)),
        (Some(before), None) => !before.is_empty(),
        // Every role warned; now those that are not listed do not.
        (None, _) => true,
    };
    note(out, "policy.protectedRoles".to_owned(), &before.protected_roles, protected_roles, loosens);
}

fn is_wider(before: &Limit, after: &Limit) -> bool {
    match (before, after) {
        (Limit::Count(before), Limit::Count(after)) => after > before,
        (Limit::Share(before), Limit::Share(after)) => after.share.0 > before.share.0 || after.floor > before.floor,
        _ => true,
    }
}

fn servers(name: &str, before: &ServerConfig, after: &ServerConfig, out: &mut Vec<PolicyChange>) {
    let ServerConfig {
        api,
        url,
        token_from,
        auth,
        password_key_from,
        ca_file,
        legacy_tls,
        proxy,
        altiris,
        folders,
        prune,
        variables: _,
        overlays: _,
    } = after;
    let path = |field: &str| format!("servers.{name}.{field}");
    note(out, path("api"), &before.api, api, true);
    note(out, path("url"), &before.url, url, true);
    note(out, path("tokenFrom"), &before.token_from, token_from, true);
    note(out, path("auth"), &before.auth, auth, true);
    note(out, path("passwordKeyFrom"), &before.password_key_from, password_key_from, true);
    note(out, path("caFile"), &before.ca_file, ca_file, true);
    note(out, path("legacyTls"), &before.legacy_tls, legacy_tls, *legacy_tls);
    note(out, path("proxy"), &before.proxy, proxy, true);
    // What is read of the server, and what is taken to work there, hangs on it.
    note(out, path("altiris"), &before.altiris, altiris, true);
    let loosens = folders.iter().any(|one| !before.folders.contains(one));
    note(out, path("folders"), &before.folders, folders, loosens);
    note(out, path("prune"), &before.prune, prune, *prune);
}

/// Who is told of drift: whoever is taken out hears nothing any more, and whoever comes in hears what is on the servers.
fn receivers(before: &DriftSettings, after: &DriftSettings, out: &mut Vec<PolicyChange>) {
    let DriftSettings { notify } = after;
    let names: BTreeSet<&String> = before.notify.keys().chain(notify.keys()).collect();
    for name in names {
        note(out, format!("drift.notify.{name}"), &before.notify.get(name), &notify.get(name), true);
    }
}

#[cfg(test)]
mod tests {
    use super::governed;
    use super::policy_changes;
    use crate::model::project::Project;

    const BASE: &str = r#"{"apiVersion":"consign/v1","kind":"Project","manifests":["delivery"],
        "servers":{"lab":{"url":"http://127.0.0.1:1","folders":["A"],"variables":{"x":"1"}}},
        "policy":{"limits":{"SEQ-1":5,"COL-2":{"share":"30%","floor":10}},"severities":{"TSK-4":"error"},
        "protected":["Servers"]}}"#;

    fn project(from: &str, to: &str) -> Project {
        let text = BASE.replace(from, to);
        assert!(from == to || text != BASE, "{from}");
        serde_json::from_str(&text).unwrap()
    }

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        let found: Vec<String> = policy_changes(&project("", ""), &project(from, to))
            .iter()
            .map(|one| format!("{} {} {}{}", one.path, one.before, one.after, if one.loosens { " looser" } else { "" }))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_allows_more_is_called_looser() {
        check("", "", &[]);
        check("\"SEQ-1\":5", "\"SEQ-1\":6", &["policy.limits.SEQ-1 5 6 looser"]);
        check("\"SEQ-1\":5", "\"SEQ-1\":4", &["policy.limits.SEQ-1 5 4"]);
        check("\"SEQ-1\":5,", "", &["policy.limits.SEQ-1 5 null looser"]);
        check("\"SEQ-1\":5,", "\"SEQ-1\":5,\"PLN-3\":1,", &["policy.limits.PLN-3 null 1"]);
        check("\"SEQ-1\":5,", "\"SEQ-1\":5,\"PLN-2\":1,", &["policy.limits.PLN-2 null 1 looser"]);
        check("error", "warning", &["policy.severities.TSK-4 \"error\" \"warning\" looser"]);
        check("[\"Servers\"]", "[]", &["policy.protected [\"Servers\"] [] looser"]);
        check("[\"Servers\"]", "[\"Servers\",\"B\"]", &["policy.protected [\"Servers\"] [\"Servers\",\"B\"]"]);
        check("\"folders\":[\"A\"]", "\"folders\":[\"A\"],\"prune\":true", &["servers.lab.prune false true looser"]);
        check("127.0.0.1:1", "127.0.0.1:2", &["servers.lab.url \"http://127.0.0.1:1\" \"http://127.0.0.1:2\" looser"]);
    }

    #[test]
    fn variables_are_of_the_proposal_and_all_that_guards_is_of_the_base() {
        let base = project("", "");
        let mut proposed = project("\"SEQ-1\":5", "\"SEQ-1\":500");
        let lab = proposed.servers.get_mut("lab").unwrap();
        lab.url = "http://elsewhere".to_owned();
        lab.variables.insert("x".to_owned(), "2".to_owned());
        let other = lab.clone();
        proposed.servers.insert("other".to_owned(), other);
        let governed = governed(&base, &proposed);
        assert_eq!(governed.policy, base.policy);
        assert_eq!(governed.servers.keys().collect::<Vec<_>>(), ["lab"]);
        assert_eq!(governed.servers["lab"].url, "http://127.0.0.1:1");
        assert_eq!(governed.servers["lab"].variables["x"], "2");
    }
}
