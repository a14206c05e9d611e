//! What the templates say: nothing that is not there.

use clap::CommandFactory;
use clap::Parser;

use super::*;
use crate::cli::args::Cli;

const HOSTS: [Pipelines; 3] = [Pipelines::Github, Pipelines::Gitlab, Pipelines::Azure];

fn words(directory: &str) -> Words {
    Words { branch: "main".to_owned(), directory: directory.to_owned() }
}

fn texts() -> Vec<(Utf8PathBuf, String)> {
    let mut all: Vec<(Utf8PathBuf, String)> = HOSTS.map(|host| files::pipeline(host, &words("."))).into();
    all.push(("next".into(), files::NEXT.to_owned()));
    let others = files::editor().into_iter().chain(files::examples()).chain([files::project()]);
    all.extend(others.filter(|(path, _)| !path.starts_with("schema/")).map(|(path, text)| (path.into(), text)));
    all
}

/// The calls of `consign` in the lines that are no comments, with what a shell puts in for variables.
fn calls(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.split(" # ").next().unwrap_or(line);
        for part in line.split([';', '|', '&']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let Some(at) = words.iter().position(|word| *word == "consign") else { continue };
            let is_call = words[..at].iter().all(|word| ["run:", "-", "then"].contains(word));
            if is_call && words.len() > at + 1 {
                found.push(words[at..].iter().map(|word| word.trim_matches(['"', '\'']).replace('$', "")).collect());
            }
        }
    }
    found
}

#[test]
fn every_command_and_flag_in_a_template_is_there() {
    let mut n = 0;
    for (path, text) in texts() {
        for call in calls(&text) {
            // A quoted name of several words is one to the shell.
            let call = if call[1] == "new" { call[..4].to_vec() } else { call };
            if let Err(error) = Cli::try_parse_from(&call) {
                panic!("{path}: {call:?}: {error}");
            }
            n += 1;
        }
    }
    assert!(n >= 3 * 5 + 5, "{n} calls were found: of each host validate, plan twice, apply, comment and drift");
}

#[test]
fn every_command_in_a_comment_is_there() {
    let cli = Cli::command();
    let mut n = 0;
    for (path, text) in texts() {
        for quoted in text.split('`').skip(1).step_by(2) {
            let Some(rest) = quoted.strip_prefix("consign ") else { continue };
            let name = rest.split(' ').next().unwrap_or_default();
            assert!(name.starts_with("--") || cli.find_subcommand(name).is_some(), "{path}: `{quoted}`");
            n += 1;
        }
    }
    assert!(n >= 4, "{n}");
}

#[test]
fn no_word_is_left_to_fill_in() {
    for host in HOSTS {
        for directory in [".", "estate/delivery"] {
            let (path, text) = files::pipeline(host, &words(directory));
            for placeholder in ["@VERSION@", "@RUST@", "@BRANCH@", "@DIRECTORY@", "@PREFIX@"] {
                assert!(!text.contains(placeholder), "{path}: {placeholder}");
            }
            assert_eq!(text.contains("estate/delivery/consign-out"), directory != ".", "{path}");
            let _: serde_json::Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

#[test]
fn actions_are_pinned_by_commit_and_get_no_text_of_strangers() {
    let (_, text) = files::pipeline(Pipelines::Github, &words("."));
    let mut n = 0;
    for line in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
        let (action, version) = line.split_once(" # v").expect("a version in a comment");
        let (_, hash) = action.split_once('@').expect("a hash");
        assert!(hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{line}");
        assert!(version.split('.').count() == 3, "{line}");
        n += 1;
    }
    assert!(n >= 10, "{n}");
    assert!(!text.contains("pull_request_target"));
    let workflow: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(workflow["permissions"], serde_json::json!({}), "each job says what it needs");
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        for step in job["steps"].as_array().unwrap() {
            let run = step["run"].as_str().unwrap_or_default();
            assert!(!run.contains("${{"), "{name}: {run}");
        }
        let writes = job["permissions"].as_object().unwrap().iter().filter(|(_, how)| *how == "write");
        let writes: Vec<&str> = writes.map(|(what, _)| what.as_str()).collect();
        assert_eq!(writes, if name == "plan" { vec!["pull-requests"] } else { vec![] }, "{name}");
    }
}

#[test]
fn a_token_that_writes_is_where_it_is_needed_and_nowhere_else() {
    for host in HOSTS {
        let (path, text) = files::pipeline(host, &words("."));
        let used = |name: &str| {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.filter(|line| line.contains(name)).count()
        };
        assert_eq!((used("CONSIGN_APPLY_TOKEN"), used("CONSIGN_READ_TOKEN")), (1, 2), "{path}");
    }
}

#[test]
fn the_host_is_told_by_the_address_of_the_clone() {
    for (address, host) in [
        ("git@github.com:estate/delivery.git", Some(Pipelines::Github)),
        ("https://user:secret@github.com/estate/delivery", Some(Pipelines::Github)),
        ("https://github.example.com/estate/delivery", Some(Pipelines::Github)),
        ("ssh://git@gitlab.example.com:2222/estate/delivery.git", Some(Pipelines::Gitlab)),
        ("https://gitlab.com/estate/delivery.git", Some(Pipelines::Gitlab)),
        ("git@ssh.dev.azure.com:v3/estate/Client/delivery", Some(Pipelines::Azure)),
        ("https://estate.visualstudio.com/Client/_git/delivery", Some(Pipelines::Azure)),
        ("https://example.com/github.com/delivery", None),
        ("https://notgithub.com/estate/delivery", None),
        ("/srv/git/delivery.git", None),
    ] {
        assert_eq!(host_of(address), host, "{address}");
    }
}

#[cfg(not(windows))]
#[test]
fn a_directory_is_told_as_one_word_of_a_shell() {
    for (path, word) in [
        ("estate/büro-1", "estate/büro-1"),
        ("my estate's", "'my estate'\\''s'"),
        ("a\\b", "'a\\b'"),
        ("$HOME", "'$HOME'"),
        ("~x", "'~x'"),
        ("-x y", "'./-x y'"),
    ] {
        assert_eq!(for_shell(path), word);
    }
}
