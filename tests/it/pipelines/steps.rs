//! What a host's runner makes of a pipeline file: which jobs run, with which variables, and each script as its shell runs
//! it. Expressions are those of the templates; any other ends the test, so that none is passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::world::clean;
use crate::world::run;

/// Names and what they stand for.
pub type Names = BTreeMap<String, String>;

pub fn names<const N: usize>(pairs: [(&str, &str); N]) -> Names {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What started a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pull request of this repository, or of a fork.
    Proposal { fork: bool },
    /// A commit on the main branch.
    Merge,
    /// The clock.
    Night,
}

/// A script as its shell is given it.
pub struct Script<'a> {
    pub text: &'a str,
    /// The arguments of bash before the file.
    pub bash: &'a [&'a str],
    pub directory: PathBuf,
    pub variables: Names,
}

/// How a job went.
#[derive(Debug, Default)]
pub struct Ran {
    pub name: String,
    /// The code of the first script that failed, else 0.
    pub code: i32,
    /// What all of them said.
    pub said: String,
    /// Their names, in order; those that were passed over are not among them.
    pub steps: Vec<String>,
}

/// A runner: programs that stand in for others, and a home.
pub struct Runner {
    pub home: PathBuf,
    pub programs: PathBuf,
}

impl Runner {
    /// With a `cargo` that notes what it is asked for, and installs the program under test.
    pub fn new(home: &Path) -> Self {
        let programs = home.join("programs");
        fs::create_dir_all(&programs).unwrap();
        let runner = Self { home: home.to_owned(), programs };
        let installed = env!("CARGO_BIN_EXE_consign");
        runner.program(
            "cargo",
            &format!(
                "echo \"$*\" >> '{log}'\nwhile [ $# -gt 1 ]; do if [ \"$1\" = --root ]; then root=$2; fi; shift; done\n\
                 mkdir -p \"$root/bin\"; ln -sf '{installed}' \"$root/bin/consign\"\n",
                log = runner.log("cargo").display()
            ),
        );
        runner
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.home.join(format!("{name}.log"))
    }

    pub fn program(&self, name: &str, script: &str) {
        let path = self.programs.join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\nset -euo pipefail\n{script}")).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Runs a script; its code, and both streams.
    pub fn script(&self, script: &Script<'_>, path_before: &[String]) -> (i32, String) {
        let file = self.home.join("script.sh");
        fs::write(&file, script.text).unwrap();
        let mut command = Command::new("bash");
        clean(&mut command);
        let before = path_before.iter().rev().cloned().collect::<Vec<_>>().join(":");
        let path = std::env::var("PATH").unwrap();
        command
            .args(script.bash)
            .arg(&file)
            .current_dir(&script.directory)
            .env("PATH", format!("{before}:{}:{path}", self.programs.display()))
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(&script.variables);
        let ran = run(command);
        (ran.code.unwrap(), format!("{}{}", ran.out, ran.err))
    }
}

/// Copies a file, or what lies in a directory.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    if from.is_file() {
        fs::copy(from, to.join(from.file_name().unwrap())).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            copy(&path, &to.join(path.file_name().unwrap()));
        } else {
            copy(&path, to);
        }
    }
}

pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The texts of a map of variables.
pub fn map(value: &Value) -> Names {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// `A == B && C != D` of names and texts.
#[track_caller]
pub fn holds(expression: &str, operand: &dyn Fn(&str) -> String) -> bool {
    expression.split("&&").all(|part| {
        let part = part.trim();
        let (sides, is_equal) = match (part.split_once("!="), part.split_once("==")) {
            (Some(sides), _) => (sides, false),
            (_, Some(sides)) => (sides, true),
            _ => panic!("`{part}` is not understood"),
        };
        (operand(sides.0.trim()) == operand(sides.1.trim())) == is_equal
    })
}
