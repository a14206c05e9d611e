//! What `consign init` writes: templates, with the few words that differ from place to place.

use camino::Utf8PathBuf;

use crate::cli::args::Pipelines;
use crate::cli::context::VERSION;
use crate::manifest;
use crate::sys::files::PROJECT_FILE;

/// Where the manifests go.
pub(super) const MANIFESTS: &str = "delivery";

/// What to do next.
pub(super) const NEXT: &str = include_str!("templates/next.txt");

/// The oldest Rust that builds this program.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The words that differ.
pub(super) struct Words {
    /// The branch that others are merged into.
    pub branch: String,
    /// The way from the top of the repository to the project; `.`: they are the same.
    pub directory: String,
}

/// A path and a text.
type File = (String, String);

fn file(path: &str, text: &str) -> File {
    (path.to_owned(), text.to_owned())
}

/// What an editor and Git need.
pub(super) fn editor() -> Vec<File> {
    let named = ["manifest.json", "overlay.json", "project.json"];
    let schemas = manifest::schemas().into_iter().filter(|(name, _)| named.contains(&name.as_str()));
    let mut files: Vec<File> = schemas.map(|(name, text)| (format!("schema/{name}"), text)).collect();
    files.push(file(".vscode/settings.json", include_str!("templates/vscode/settings.json")));
    files.push(file(".vscode/extensions.json", include_str!("templates/vscode/extensions.json")));
    files.push(file(".gitignore", include_str!("templates/gitignore")));
    files
}

/// The example.
pub(super) fn examples() -> Vec<File> {
    [
        ("packages/7-zip.yaml", include_str!("templates/delivery/packages/7-zip.yaml")),
        ("collections/desktops.yaml", include_str!("templates/delivery/collections/desktops.yaml")),
        ("tasks/install-7-zip.yaml", include_str!("templates/delivery/tasks/install-7-zip.yaml")),
        ("windows.yaml", include_str!("templates/delivery/windows.yaml")),
    ]
    .map(|(path, text)| file(&format!("{MANIFESTS}/{path}"), text))
    .into()
}

/// The project file.
pub(super) fn project() -> File {
    file(PROJECT_FILE, include_str!("templates/consign.yaml"))
}

/// A pipeline, by its path from the top of the repository.
pub(super) fn pipeline(host: Pipelines, words: &Words) -> (Utf8PathBuf, String) {
    let (path, text) = match host {
        Pipelines::Github => (".github/workflows/consign.yml", include_str!("templates/github.yml")),
        Pipelines::Gitlab => (".gitlab-ci.yml", include_str!("templates/gitlab.yml")),
        Pipelines::Azure => ("azure-pipelines.yml", include_str!("templates/azure.yml")),
        Pipelines::None => unreachable!("`none` is taken out before"),
    };
    let prefix = if words.directory == "." { String::new() } else { format!("{}/", words.directory) };
    let text = text
        .replace("@VERSION@", VERSION)
        .replace("@RUST@", RUST)
        .replace("@BRANCH@", &words.branch)
        .replace("@DIRECTORY@", &words.directory)
        .replace("@PREFIX@", &prefix);
    (path.into(), text)
}
