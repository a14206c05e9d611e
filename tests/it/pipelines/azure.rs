//! Azure Pipelines, as their documentation says what an agent does.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::steps::Event;
use super::steps::Names;
use super::steps::Ran;
use super::steps::Runner;
use super::steps::Script;
use super::steps::copy;
use super::steps::map;
use super::steps::text;

/// What a run knows.
pub struct Run<'a> {
    pub runner: &'a Runner,
    pub event: Event,
    pub checkout: &'a Path,
    /// Where artifacts go.
    pub artifacts: &'a Path,
    /// The variables of the agent, as a script sees them.
    pub variables: Names,
    pub read_token: &'a str,
    pub apply_token: &'a str,
    pub token: &'a str,
}

impl Run<'_> {
    /// Runs the stages whose conditions hold.
    pub fn all(&self, file: &Value) -> Vec<Ran> {
        let mut all = Vec::new();
        for stage in file["stages"].as_array().unwrap() {
            let mut known = self.known();
            if !judged(&text(&stage["condition"]), &known, true) {
                continue;
            }
            for variable in stage["variables"].as_array().unwrap() {
                match variable["group"].as_str() {
                    // Forks get no secrets.
                    Some(_) if self.event == (Event::Proposal { fork: true }) => {}
                    Some("consign-read") => drop(known.insert("CONSIGN_READ_TOKEN".into(), self.read_token.into())),
                    Some("consign-apply") => drop(known.insert("CONSIGN_APPLY_TOKEN".into(), self.apply_token.into())),
                    Some(other) => panic!("`{other}` is no group"),
                    None => drop(known.insert(text(&variable["name"]), text(&variable["value"]))),
                }
            }
            for job in stage["jobs"].as_array().unwrap() {
                let steps = job.get("steps").unwrap_or(&job["strategy"]["runOnce"]["deploy"]["steps"]);
                all.push(self.job(&text(&stage["stage"]), steps, known.clone()));
            }
        }
        all
    }

    /// What expressions and macros see.
    fn known(&self) -> Names {
        let mut known: Names =
            self.variables.iter().map(|(name, value)| (name.replace('_', ".").to_uppercase(), value.clone())).collect();
        let (reason, branch) = match self.event {
            Event::Proposal { .. } => ("PullRequest", "refs/pull/7/merge"),
            Event::Merge => ("IndividualCI", "refs/heads/main"),
            Event::Night => ("Schedule", "refs/heads/main"),
        };
        known.insert("BUILD.REASON".to_owned(), reason.to_owned());
        known.insert("BUILD.SOURCEBRANCH".to_owned(), branch.to_owned());
        known.insert("SYSTEM.JOBATTEMPT".to_owned(), "1".to_owned());
        known.insert("SYSTEM.ACCESSTOKEN".to_owned(), self.token.to_owned());
        known.insert("AGENT.TEMPDIRECTORY".to_owned(), self.temporary().display().to_string());
        if let Event::Proposal { fork } = self.event {
            known.insert("SYSTEM.PULLREQUEST.ISFORK".to_owned(), if fork { "True" } else { "False" }.to_owned());
        }
        known
    }

    fn temporary(&self) -> std::path::PathBuf {
        let temporary = self.runner.home.join(format!("agent-{:?}", self.event).replace([' ', '{', '}', ':'], ""));
        fs::create_dir_all(&temporary).unwrap();
        temporary
    }

    fn job(&self, name: &str, steps: &Value, mut known: Names) -> Ran {
        let mut ran = Ran { name: name.to_owned(), ..Ran::default() };
        let mut path = Vec::new();
        for step in steps.as_array().unwrap() {
            if step.get("checkout").is_some() {
                continue;
            }
            if !judged(&text(&step["condition"]), &known, ran.code == 0) {
                continue;
            }
            ran.steps.push(text(&step["displayName"]));
            if let Some(script) = step["bash"].as_str() {
                let mut variables = self.variables.clone();
                variables.insert("TF_BUILD".to_owned(), "True".to_owned());
                variables.insert("AGENT_TEMPDIRECTORY".to_owned(), self.temporary().display().to_string());
                variables.extend(map(&step["env"]).into_iter().map(|(name, value)| (name, filled(&known, &value))));
                let directory = self.checkout.join(text(&step["workingDirectory"]));
                let script = Script { text: script, bash: &["--noprofile", "--norc"], directory, variables };
                let (code, said) = self.runner.script(&script, &path);
                for line in said.lines() {
                    if let Some(set) = line.strip_prefix("##vso[task.setvariable variable=")
                        && let Some((name, value)) = set.split_once(']')
                    {
                        known.insert(name.to_owned(), value.to_owned());
                    }
                    path.extend(line.strip_prefix("##vso[task.prependpath]").map(str::to_owned));
                }
                ran.said.push_str(&said);
                if ran.code == 0 {
                    ran.code = code;
                }
            } else if let Some(from) = step["publish"].as_str() {
                let from = self.checkout.join(from);
                if from.exists() {
                    copy(&from, &self.artifacts.join(filled(&known, &text(&step["artifact"]))));
                }
            } else {
                self.task(step, &known);
            }
        }
        ran
    }

    fn task(&self, step: &Value, known: &Names) {
        let input = |name: &str| filled(known, &text(&step["inputs"][name]));
        match step["task"].as_str().unwrap() {
            "DownloadPipelineArtifact@2" => {
                assert_eq!(input("buildVersionToDownload"), "latestFromBranch");
                assert_eq!(input("branchName"), "refs/pull/7/merge");
                assert_eq!(input("definition"), "12");
                let from = self.artifacts.join(input("artifactName"));
                if from.exists() {
                    copy(&from, Path::new(&input("targetPath")));
                }
            }
            "PublishTestResults@2" => {
                let results = fs::read_to_string(self.checkout.join(input("testResultsFiles"))).unwrap();
                assert!(results.contains("<testsuite"), "{results}");
            }
            other => panic!("`{other}` is not understood"),
        }
    }
}

/// A text with its macros put in. Names are found in any case.
fn filled(known: &Names, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        let (name, after) = after.split_once(')').unwrap();
        let value = known.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        out.push_str(before);
        // What is not known stays as it is written.
        out.push_str(&value.map_or_else(|| format!("$({name})"), str::to_owned));
        rest = after;
    }
    out + rest
}

/// Whether a condition holds; without one a step runs while all is well.
fn judged(condition: &str, known: &Names, is_well: bool) -> bool {
    let condition = condition.trim();
    match condition {
        "" | "succeeded()" => return is_well,
        "canceled()" => return false,
        _ => {}
    }
    let (name, rest) = condition.split_once('(').unwrap_or_else(|| panic!("`{condition}` is not understood"));
    let inner = rest.strip_suffix(')').unwrap();
    let parts = split(inner);
    let value = |part: &str| -> String {
        if let Some(name) = part.strip_prefix("variables['").and_then(|rest| rest.strip_suffix("']")) {
            return known
                .iter()
                .find(|(one, _)| one.eq_ignore_ascii_case(name))
                .map(|(_, v)| v.clone())
                .unwrap_or_default();
        }
        part.trim_matches('\'').to_owned()
    };
    match name {
        "and" => parts.iter().all(|part| judged(part, known, is_well)),
        "not" => !judged(inner, known, is_well),
        "eq" => value(&parts[0]) == value(&parts[1]),
        "ne" => value(&parts[0]) != value(&parts[1]),
        "in" => parts[1..].iter().any(|part| value(part) == value(&parts[0])),
        other => panic!("`{other}` is not understood"),
    }
}

/// The arguments of a function: split at the commas outside of brackets.
fn split(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}
