//! GitLab CI, as its documentation says what a runner does.

use std::path::Path;

use serde_json::Value;

use super::steps::Event;
use super::steps::Names;
use super::steps::Ran;
use super::steps::Runner;
use super::steps::Script;
use super::steps::copy;
use super::steps::holds;
use super::steps::map;
use super::steps::names;
use super::steps::text;

/// What a pipeline knows.
pub struct Run<'a> {
    pub runner: &'a Runner,
    pub event: Event,
    pub checkout: &'a Path,
    /// Where artifacts go, a directory a job.
    pub artifacts: &'a Path,
    pub variables: Names,
}

impl Run<'_> {
    /// Runs the jobs whose rules hold, stage by stage, to the first stage that fails.
    pub fn all(&self, file: &Value) -> Vec<Ran> {
        let variables = self.known();
        let starts = |rules: &Value| {
            let rules = rules.as_array().unwrap();
            rules.iter().any(|rule| holds(&text(&rule["if"]), &|name| operand(&variables, name)))
        };
        if !starts(&file["workflow"]["rules"]) {
            return Vec::new();
        }
        let mut all = Vec::new();
        for stage in file["stages"].as_array().unwrap() {
            let jobs = file.as_object().unwrap().iter().filter(|(_, job)| job["stage"] == *stage);
            let runs: Vec<_> = jobs.filter(|(_, job)| starts(&job["rules"])).collect();
            all.extend(runs.into_iter().map(|(name, job)| self.job(file, name, job)));
            if all.iter().any(|ran: &Ran| ran.code != 0) {
                break;
            }
        }
        all
    }

    fn known(&self) -> Names {
        let source = match self.event {
            Event::Proposal { .. } => "merge_request_event",
            Event::Merge => "push",
            Event::Night => "schedule",
        };
        let mut known = self.variables.clone();
        known.extend(names([
            ("CI_PIPELINE_SOURCE", source),
            ("CI_DEFAULT_BRANCH", "main"),
            ("GITLAB_CI", "true"),
            ("CI", "true"),
        ]));
        known.insert("CI_PROJECT_DIR".to_owned(), self.checkout.display().to_string());
        if self.event != (Event::Proposal { fork: false }) && self.event != (Event::Proposal { fork: true }) {
            known.insert("CI_COMMIT_BRANCH".to_owned(), "main".to_owned());
        }
        if let Event::Proposal { fork } = self.event {
            let own = known["CI_PROJECT_ID"].clone();
            let from = if fork { "stranger/delivery".to_owned() } else { own };
            known.insert("CI_MERGE_REQUEST_SOURCE_PROJECT_ID".to_owned(), from);
        }
        known
    }

    fn job(&self, file: &Value, name: &str, job: &Value) -> Ran {
        let base = &file[text(&job["extends"])];
        let mut variables = self.known();
        for more in [&file["variables"], &base["variables"], &job["variables"]] {
            let filled: Vec<_> =
                map(more).into_iter().map(|(name, value)| (name, expanded(&variables, &value))).collect();
            variables.extend(filled);
        }
        let lines = [&base["before_script"], &job["script"]].into_iter().flat_map(|part| part.as_array().unwrap());
        let script: String = lines.map(|line| format!("{}\n", text(line))).collect();
        let directory = self.checkout.to_owned();
        let script = Script { text: &script, bash: &["-eo", "pipefail"], directory, variables };
        let (code, said) = self.runner.script(&script, &[]);
        assert_eq!(job["artifacts"]["when"], "always");
        for path in job["artifacts"]["paths"].as_array().unwrap() {
            let from = self.checkout.join(text(path));
            if from.exists() {
                copy(&from, &self.artifacts.join(name).join(text(path)));
            }
        }
        Ran { name: name.to_owned(), code, said, steps: Vec::new() }
    }
}

/// `$NAME` or a quoted text; what is not set is nothing.
fn operand(known: &Names, name: &str) -> String {
    if let Some(quoted) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return quoted.to_owned();
    }
    let name = name.strip_prefix('$').unwrap_or_else(|| panic!("`{name}` is not understood"));
    known.get(name).cloned().unwrap_or_default()
}

fn expanded(known: &Names, text: &str) -> String {
    if text.starts_with('$') { operand(known, text) } else { text.to_owned() }
}
