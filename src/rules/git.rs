//! GIT: reading revisions of the project. The family is the project's own.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&GIT_1, &GIT_2, &GIT_3, &GIT_4, &GIT_5];

/// Two revisions are compared from where they parted.
pub static GIT_1: Rule = Rule {
    id: "GIT-1",
    title: "two revisions are compared from where they parted",
    source: "consign, revisions",
    acts: &[Act::Plan],
    explain: "What a branch changes, and whether it is behind its target, is told from the commit where the two parted. \
              Pipelines clone with a depth of 1 as a rule, and then that commit is not there. Fetch the history: \
              `git fetch --unshallow`, in GitHub Actions `fetch-depth: 0`, in GitLab `GIT_DEPTH: 0`, in Azure DevOps \
              `fetchDepth: 0`. Nothing is fetched by `consign` itself.",
};

/// Every object of a revision is there.
pub static GIT_2: Rule = Rule {
    id: "GIT-2",
    title: "every object of a revision is there",
    source: "consign, revisions",
    acts: &[Act::Plan],
    explain: "A partial clone (`--filter=blob:none`) leaves out files until something asks for them, and `consign` fetches \
              nothing: a file that is missing must not look like an item that nobody declares. Fetch what is left out \
              with `git fetch --refetch --no-filter`, or clone without `--filter`.",
};

/// A repository belongs to who reads it.
pub static GIT_3: Rule = Rule {
    id: "GIT-3",
    title: "a repository belongs to who reads it",
    source: "git, safe.directory",
    acts: &[Act::Plan],
    explain: "Git reads no repository of another user unless told to, since its configuration can name programs to run. In \
              container jobs the checkout often belongs to another user than the job. Where you trust it, say so: \
              `git config --global --add safe.directory DIRECTORY`. The check is never switched off.",
};

/// A repository has a form that can be read.
pub static GIT_4: Rule = Rule {
    id: "GIT-4",
    title: "a repository has a form that can be read",
    source: "consign, revisions",
    acts: &[Act::Plan],
    explain: "Repositories with reftable references, SHA-256 object names or extensions that the built-in reader does not \
              know are read with the `git` program, of at least version 2.45. Install it, or clone into the usual form: \
              `git clone --ref-format=files`.",
};

/// A revision names a commit.
pub static GIT_5: Rule = Rule {
    id: "GIT-5",
    title: "a revision names a commit with the project in it",
    source: "consign, revisions",
    acts: &[Act::Plan],
    explain: "What is given as a revision is a branch, a tag, a commit or anything else that `git rev-parse` takes, in the \
              repository that the project lies in, and the project file is there at that commit. A branch of a remote \
              is `origin/NAME`, and is there only once it was fetched.",
};
