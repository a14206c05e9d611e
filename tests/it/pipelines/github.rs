//! GitHub Actions, as its documentation says what a runner does.

use std::fs;
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

/// What a workflow's run knows.
pub struct Run<'a> {
    pub runner: &'a Runner,
    pub event: Event,
    pub checkout: &'a Path,
    /// Where artifacts go.
    pub artifacts: &'a Path,
    pub variables: Names,
    pub read_token: &'a str,
    pub apply_token: &'a str,
    pub token: &'a str,
}

impl Run<'_> {
    /// Runs the jobs of a workflow whose conditions hold.
    pub fn all(&self, workflow: &Value) -> Vec<Ran> {
        let jobs = workflow["jobs"].as_object().unwrap();
        let runs = jobs.iter().filter(|(_, job)| holds(&text(&job["if"]), &|name| self.value(job, workflow, name)));
        runs.map(|(name, job)| self.job(workflow, name, job)).collect()
    }

    /// What an expression's operand is.
    fn value(&self, job: &Value, workflow: &Value, name: &str) -> String {
        if let Some(quoted) = name.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return quoted.to_owned();
        }
        let fork = matches!(self.event, Event::Proposal { fork: true });
        match name {
            "github.event_name" => match self.event {
                Event::Proposal { .. } => "pull_request",
                Event::Merge => "push",
                Event::Night => "schedule",
            }
            .to_owned(),
            "github.repository" => "estate/delivery".to_owned(),
            "github.event.pull_request.head.repo.full_name" if fork => "stranger/delivery".to_owned(),
            "github.event.pull_request.head.repo.full_name" => "estate/delivery".to_owned(),
            // A fork's pull request gets none of the secrets.
            "secrets.CONSIGN_READ_TOKEN" if fork => String::new(),
            "secrets.CONSIGN_READ_TOKEN" => self.read_token.to_owned(),
            "secrets.CONSIGN_APPLY_TOKEN" if job["environment"] == "production" => self.apply_token.to_owned(),
            "secrets.CONSIGN_APPLY_TOKEN" => String::new(),
            "github.token" => self.token.to_owned(),
            _ => match name.strip_prefix("env.") {
                Some(name) => text(&workflow["env"][name]),
                None => panic!("`{name}` is not understood"),
            },
        }
    }

    /// A text with its expressions put in.
    fn filled(&self, job: &Value, workflow: &Value, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap();
            out.push_str(before);
            out.push_str(&self.value(job, workflow, expression.trim()));
            rest = after;
        }
        out + rest
    }

    /// Whether a step is run.
    fn applies(&self, condition: &str, is_well: bool) -> bool {
        let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
        if condition.is_empty() {
            return is_well;
        }
        let parts: Vec<&str> = condition.split("&&").map(str::trim).collect();
        // Without a function of the state, a step runs only while all is well.
        let may_run = is_well || parts.contains(&"!cancelled()");
        may_run
            && parts.into_iter().all(|part| {
                if part == "!cancelled()" {
                    return true;
                }
                let path = part.strip_prefix("hashFiles('").and_then(|rest| rest.strip_suffix("') != ''"));
                let path = path.unwrap_or_else(|| panic!("`{part}` is not understood"));
                self.checkout.join(path).is_file()
            })
    }

    fn job(&self, workflow: &Value, name: &str, job: &Value) -> Ran {
        let mut ran = Ran { name: name.to_owned(), ..Ran::default() };
        let home = &self.runner.home;
        let temporary = home.join(format!("runner-{name}"));
        fs::create_dir_all(&temporary).unwrap();
        let mut path = Vec::new();
        for step in job["steps"].as_array().unwrap() {
            if !self.applies(&text(&step["if"]), ran.code == 0) {
                continue;
            }
            let label = step.get("name").or_else(|| step.get("uses")).map(text).unwrap();
            ran.steps.push(label.split('@').next().unwrap().to_owned());
            if let Some(script) = step["run"].as_str() {
                let files: Vec<_> = ["GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]
                    .map(|name| (name, temporary.join(name)))
                    .into();
                let mut variables = self.variables.clone();
                variables.extend(names([("GITHUB_ACTIONS", "true"), ("CI", "true")]));
                variables.insert("RUNNER_TEMP".to_owned(), temporary.display().to_string());
                for (name, file) in &files {
                    fs::write(file, fs::read(file).unwrap_or_default()).unwrap();
                    variables.insert((*name).to_owned(), file.display().to_string());
                }
                for env in [&workflow["env"], &job["env"], &step["env"]] {
                    let filled = map(env).into_iter().map(|(name, value)| (name, self.filled(job, workflow, &value)));
                    variables.extend(filled);
                }
                let directory = self.checkout.join(text(&workflow["defaults"]["run"]["working-directory"]));
                let bash = &["--noprofile", "--norc", "-eo", "pipefail"];
                let script = Script { text: script, bash, directory, variables };
                let (code, said) = self.runner.script(&script, &path);
                ran.said.push_str(&said);
                if ran.code == 0 {
                    ran.code = code;
                }
                path = fs::read_to_string(&files[0].1).unwrap().lines().map(str::to_owned).collect();
                continue;
            }
            let action = step["uses"].as_str().unwrap().split('@').next().unwrap();
            match action {
                // The checkout is there; a token in its configuration would be there for every later step.
                "actions/checkout" => assert_eq!(step["with"]["persist-credentials"], false),
                "actions/cache" => {}
                "actions/upload-artifact" => {
                    let (from, name) = (text(&step["with"]["path"]), text(&step["with"]["name"]));
                    let from = self.checkout.join(from);
                    if from.exists() {
                        copy(&from, &self.artifacts.join(name));
                    }
                }
                other => panic!("`{other}` is not understood"),
            }
        }
        ran
    }
}
