//! What a pipeline says of the proposal that it runs for.

use crate::sys::environment;

/// A pull or merge request, as the pipeline's variables tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// The revision that the request goes to, by its full name, which no tag can stand in the way of:
    /// `refs/remotes/origin/main`. `None` outside of one.
    pub target: Option<String>,
    /// The branch that is built, where the pipeline checks out a commit by itself.
    pub branch: Option<String>,
}

impl Pipeline {
    /// That of this process's environment.
    pub fn of_environment() -> Self {
        Self::of(&environment::variable)
    }

    /// That of some variables; empty ones count as absent.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| get(name));
        // GitHub sets the first for pull requests only, GitLab the second for merge requests only, Azure DevOps the third
        // for builds that a branch policy started.
        let target =
            first(&["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "SYSTEM_PULLREQUEST_TARGETBRANCH"]);
        let branch = first(&[
            "GITHUB_HEAD_REF",
            "GITHUB_REF_NAME",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
            "CI_COMMIT_BRANCH",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH",
            "BUILD_SOURCEBRANCH",
        ]);
        let short = |name: String| name.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(name);
        Self { target: target.map(|name| format!("refs/remotes/origin/{}", short(name))), branch: branch.map(short) }
    }
}

#[cfg(test)]
mod tests {
    use super::Pipeline;

    #[track_caller]
    fn check(variables: &[(&str, &str)], target: Option<&str>, branch: Option<&str>) {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let expected = Pipeline { target: target.map(str::to_owned), branch: branch.map(str::to_owned) };
        assert_eq!(Pipeline::of(&find), expected);
    }

    #[test]
    fn each_host_tells_its_requests_in_its_own_variables() {
        check(&[], None, None);
        check(&[("GITHUB_BASE_REF", ""), ("GITHUB_REF_NAME", "main")], None, Some("main"));
        check(
            &[("GITHUB_BASE_REF", "main"), ("GITHUB_HEAD_REF", "topic"), ("GITHUB_REF_NAME", "7/merge")],
            Some("refs/remotes/origin/main"),
            Some("topic"),
        );
        check(
            &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"), ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "a/b")],
            Some("refs/remotes/origin/main"),
            Some("a/b"),
        );
        check(
            &[
                ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/release/1"),
                ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/topic"),
            ],
            Some("refs/remotes/origin/release/1"),
            Some("topic"),
        );
    }
}
