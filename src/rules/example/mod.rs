//! What a rule finds, and the same mended: an example a rule, by ID. A test reads each as `validate` does.
//!
//! An example is a manifest without its first line, the `apiVersion`. Where it refers to other items, they are those of
//! [`AROUND`].

mod collections;
mod manifests;
mod packages;
mod programs;
mod settings;
mod tasks;

/// A rule's example.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The rule's ID.
    pub id: &'static str,
    /// What the rule finds.
    pub before: &'static str,
    /// The same, mended.
    pub after: &'static str,
}

impl Example {
    /// Before and after in Markdown, each in a fence of its own.
    pub fn markdown(&self) -> String {
        format!("Before:\n\n```yaml\n{}```\n\nAfter:\n\n```yaml\n{}```\n", self.before, self.after)
    }

    /// Before and after as plain text, indented.
    pub fn text(&self) -> String {
        let indented = |text: &str| -> String {
            text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
        };
        format!("before:\n{}after:\n{}", indented(self.before), indented(self.after))
    }
}

/// The families.
static FAMILIES: &[&[Example]] =
    &[manifests::ALL, packages::ALL, programs::ALL, tasks::ALL, collections::ALL, settings::ALL];

/// Every example, by family.
pub fn all() -> impl Iterator<Item = &'static Example> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The example of the rule with this ID.
pub fn of(id: &str) -> Option<&'static Example> {
    all().find(|example| example.id == id)
}

/// What examples refer to: the manifests of a project that has them.
pub const AROUND: &str = "\
apiVersion: consign/v1
kind: Package
metadata: {name: 7-Zip}
spec:
  source: {unc: '\\\\files\\packages\\7zip'}
  programs:
    - {name: Install, commandLine: 7z2408-x64.exe /S, canRun: noUserLoggedOn}
    - {name: Configure, commandLine: '7zFM.exe'}
    - {name: Reset, commandLine: 'shutdown.exe /r /t 0', exitsEarly: true}
---
apiVersion: consign/v1
kind: Package
metadata: {name: Task Synchronization Agent SP1}
spec:
  version: 6.1.1018
  source: {unc: '\\\\files\\packages\\synch1018'}
  programs:
    - {name: Install, commandLine: msiexec.exe /i synch.msi /qn /norestart, successCodes: [0, 3010]}
---
apiVersion: consign/v1
kind: Package
metadata: {name: Task Synchronization Agent SP2}
spec:
  version: 6.1.1028
  source: {unc: '\\\\files\\packages\\synch1028'}
  programs:
    - {name: Install, commandLine: msiexec.exe /i synch.msi /qn /norestart, successCodes: [0, 3010]}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Bring the agent of SP2}
spec:
  package: Task Synchronization Agent SP2
  program: Install
  collections: [Computers without 7-Zip]
  run: {schedule: {daily: '12:00'}}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops}
spec:
  query: {sql: \"select Guid from vHardware where Model like 'Desktop %'\"}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Computers without 7-Zip}
spec:
  query: {sql: \"select Guid from vComputer where Guid not in (select Guid from vSoftware where Name = '7-Zip')\"}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Computers without the agent}
spec:
  query: {sql: \"select Guid from vComputer where Guid not in (select Guid from vAgent)\"}
---
apiVersion: consign/v1
kind: AgentSettings
metadata: {name: Desktops}
spec:
  collections: [Desktops]
  disregardPostRunAction: true
---
apiVersion: consign/v1
kind: MaintenanceWindow
metadata: {name: Evening}
spec:
  collections: [Desktops]
  schedule: {daily: '18:00'}
  duration: 2h
---
apiVersion: consign/v1
kind: PortalDefaults
metadata: {name: Portal defaults}
spec:
  grants:
    - {principal: 'OFFICE\\Staff', right: install}
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;
    use crate::rules;
    use crate::rules::Act;

    /// Rules of reading that no single document can break: of files, overlays, variables that only a server has.
    const OF_NO_DOCUMENT: &[&str] = &["MAN-7", "MAN-8", "MAN-12", "MAN-13"];

    #[test]
    fn every_rule_of_validate_has_one_example() {
        let ids: BTreeSet<&str> = all().map(|example| example.id).collect();
        assert_eq!(ids.len(), all().count());
        for rule in rules::all() {
            let is_of_validate = rule.acts.iter().any(|act| matches!(act, Act::Manifest | Act::Validate | Act::Lint));
            // CAP: what a manifest breaks is told by the server that it is for.
            let is_of_others = ["GIT-", "PLN-", "CAP-"].iter().any(|family| rule.id.starts_with(family));
            let is_left_out = OF_NO_DOCUMENT.contains(&rule.id) || is_of_others;
            assert_eq!(ids.contains(rule.id), is_of_validate && !is_left_out, "{}", rule.id);
        }
    }
}
