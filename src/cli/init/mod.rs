//! `consign init`: a project to begin with.

mod files;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::cli::args::InitArgs;
use crate::cli::args::Pipelines;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::visible;
use crate::sys::disk;
use crate::sys::files as sys_files;
use crate::sys::files::PROJECT_FILE;
use crate::sys::git;
use crate::sys::git::GitError;
use crate::sys::git::Repository;

use self::files::Words;

/// The branch of pipelines where nothing says another.
const MAIN_BRANCH: &str = "main";

/// Runs it.
pub fn run(context: &Context, args: &InitArgs) -> Outcome {
    let place = Place::find(context, &args.place)?;
    let pipelines = place.pipelines(args)?;
    let mut files = files::editor();
    if !disk::is_there(&place.project.join(PROJECT_FILE)) {
        // Of others that lie there already the project is theirs, and examples among them would be planned.
        if place.has_own_manifests()? {
            files.push(files::project());
        } else {
            files.extend(files::examples());
            files.push(files::project());
        }
    }
    let below = |path: &str| place.prefix.join(path);
    let mut all: Vec<(Utf8PathBuf, String)> = files.into_iter().map(|(path, text)| (below(&path), text)).collect();
    // The project file marks a project, so it comes last; pipelines before it, so that an end in between is made up for.
    let at = all.len().saturating_sub(1);
    for (n, pipeline) in pipelines.iter().enumerate() {
        all.insert(at + n, files::pipeline(*pipeline, &place.words()));
    }
    let (there, new): (Vec<_>, Vec<_>) = all.into_iter().partition(|(path, _)| disk::is_there(&place.top.join(path)));
    disk::write_new(&place.top, &new).map_err(|error| {
        Failure::from_error(exit::ERROR, &error).help("nothing was kept; what was there before is as it was")
    })?;
    let paths = |files: Vec<(Utf8PathBuf, String)>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    context.out(&told(&place, &pipelines, &paths(new), &paths(there), &args.place))?;
    Ok(exit::OK)
}

/// Where the project and its pipelines lie.
struct Place {
    /// The project's directory; it may not be there yet.
    project: Utf8PathBuf,
    /// The top of the repository, or the project's directory.
    top: Utf8PathBuf,
    /// The way from there to the project; empty: none.
    prefix: Utf8PathBuf,
    repository: Option<std::sync::Arc<dyn Repository>>,
}

impl Place {
    fn find(context: &Context, asked: &Utf8Path) -> Result<Self, Failure> {
        let (existing, rest) = existing(&context.directory.join(asked))?;
        let project = if rest.as_str().is_empty() { existing.clone() } else { existing.join(&rest) };
        if !disk::is_there(&project.join(PROJECT_FILE))
            && let Ok(above) = sys_files::find_project(existing.as_std_path())
        {
            let message = format!("`{}` lies in the project of `{}`", visible(asked.as_str()), visible(above.as_str()));
            return Err(
                Failure::new(exit::USAGE, message).help("a project has no other one in it; nothing was written")
            );
        }
        let repository = match git::open(&existing) {
            Ok(repository) => Some(repository),
            Err(GitError::NoRepository(_)) => None,
            Err(error) => {
                let help = error.help();
                context.talk(&format!("note: {}\n  help: {}\n", visible(&error.to_string()), visible(&help)));
                None
            }
        };
        let top = repository.as_ref().map_or_else(|| project.clone(), |repository| repository.work_tree().to_owned());
        // What is no part of the working tree, such as `.git` itself, is on its own.
        let Ok(prefix) = project.strip_prefix(&top).map(Utf8Path::to_owned) else {
            return Ok(Self { top: project.clone(), project, prefix: Utf8PathBuf::new(), repository: None });
        };
        Ok(Self { project, top, prefix, repository })
    }

    /// The pipelines to write: those that were asked for, else that of the host that the repository comes from.
    fn pipelines(&self, args: &InitArgs) -> Result<Vec<Pipelines>, Failure> {
        let mut chosen = args.ci.clone();
        if chosen.is_empty() {
            let origin = self.repository.as_ref().and_then(|repository| repository.origin());
            chosen.extend(origin.and_then(|origin| host_of(&origin)));
        }
        chosen.sort();
        chosen.dedup();
        if chosen.contains(&Pipelines::None) && chosen.len() > 1 {
            return Err(Failure::new(exit::USAGE, "--ci says none, and others").help("nothing was written"));
        }
        chosen.retain(|one| *one != Pipelines::None);
        let words = self.words();
        for (what, word) in [("the directory", &words.directory), ("the branch", &words.branch)] {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
            if !chosen.is_empty() && !word.chars().all(is_plain) {
                let message = format!("{what} `{}` holds characters that pipelines would have to quote", visible(word));
                return Err(
                    Failure::new(exit::USAGE, message).help("without pipelines: `--ci none`; nothing was written")
                );
            }
        }
        Ok(chosen)
    }

    fn words(&self) -> Words {
        let branch = self.repository.as_ref().and_then(|repository| repository.main_branch());
        let directory = if self.prefix.as_str().is_empty() { "." } else { self.prefix.as_str() };
        Words { branch: branch.unwrap_or_else(|| MAIN_BRANCH.to_owned()), directory: directory.replace('\\', "/") }
    }

    /// Whether the directory of the manifests holds anything that is not an example.
    fn has_own_manifests(&self) -> Result<bool, Failure> {
        fn own(root: &Utf8Path, below: &Utf8Path, examples: &[String]) -> Result<bool, Failure> {
            let names = disk::names_in(&root.join(below)).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
            for name in names {
                let path = below.join(name);
                let is_own = if root.join(&path).as_std_path().is_dir() {
                    own(root, &path, examples)?
                } else {
                    let is_manifest = matches!(path.extension(), Some("yaml" | "yml"));
                    is_manifest && !examples.contains(&path.as_str().replace('\\', "/"))
                };
                if is_own {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        let examples: Vec<String> = files::examples().into_iter().map(|(path, _)| path).collect();
        own(&self.project, Utf8Path::new(files::MANIFESTS), &examples)
    }
}

/// The nearest directory upwards that is there, and the way on from it.
pub(super) fn existing(asked: &Utf8Path) -> Result<(Utf8PathBuf, Utf8PathBuf), Failure> {
    let mut rest = Utf8PathBuf::new();
    for at in asked.ancestors() {
        if at.as_str().is_empty() || at.as_std_path().exists() {
            let at = if at.as_str().is_empty() { Utf8Path::new(".") } else { at };
            if !at.as_std_path().is_dir() {
                let message = format!("`{}` is no directory", visible(at.as_str()));
                return Err(Failure::new(exit::USAGE, message).help("nothing was written"));
            }
            let found = at.canonicalize_utf8().map_err(|error| {
                Failure::new(exit::ERROR, format!("cannot open `{}`: {error}", visible(at.as_str())))
            })?;
            return Ok((found, rest));
        }
        match at.file_name() {
            Some(name) => rest = if rest.as_str().is_empty() { name.into() } else { Utf8Path::new(name).join(rest) },
            None => {
                let message = format!("`{}` leads through a directory that is not there", visible(asked.as_str()));
                return Err(Failure::new(exit::USAGE, message).help("nothing was written"));
            }
        }
    }
    Err(Failure::new(exit::USAGE, format!("`{}` leads nowhere", visible(asked.as_str()))))
}

/// The host that an address of a clone belongs to, by its name.
fn host_of(address: &str) -> Option<Pipelines> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = rest.split(':').next().unwrap_or(rest).to_ascii_lowercase();
    let is = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    if is("github.com") || is("ghe.com") || host.starts_with("github.") {
        Some(Pipelines::Github)
    } else if is("gitlab.com") || host.starts_with("gitlab.") {
        Some(Pipelines::Gitlab)
    } else if is("dev.azure.com") || is("visualstudio.com") {
        Some(Pipelines::Azure)
    } else {
        None
    }
}

/// What was done, and what to do next.
fn told(
    place: &Place,
    pipelines: &[Pipelines],
    new: &[Utf8PathBuf],
    there: &[Utf8PathBuf],
    asked: &Utf8Path,
) -> String {
    let list = |paths: &[Utf8PathBuf]| -> String {
        paths.iter().map(|path| format!("  {}\n", visible(&path.as_str().replace('\\', "/")))).collect()
    };
    let top = visible(place.top.as_str());
    let mut out = if new.is_empty() {
        format!("Nothing was written in `{top}`: all of it is there.\n")
    } else {
        format!("Written in `{top}`:\n{}", list(new))
    };
    if !there.is_empty() && !new.is_empty() {
        out.push_str(&format!("There already, and left as they are:\n{}", list(there)));
    }
    let is_new = |name: &str| new.contains(&place.prefix.join(name));
    if is_new(PROJECT_FILE) {
        out.push_str("\nNext:\n");
        if asked != "." {
            out.push_str(&format!("  cd {}\n", visible(&for_shell(asked.as_str()))));
        }
        out.push_str(files::NEXT);
        if there.contains(&place.prefix.join(".gitignore")) {
            out.push_str("Let `.gitignore` leave out `.consign/`, `*.plan`, `*.token` and `consign-out/`.\n");
        }
    }
    for pipeline in pipelines {
        let (path, _) = files::pipeline(*pipeline, &place.words());
        if new.contains(&path) {
            out.push_str(&format!("`{path}` begins with what it needs: two tokens, and who may do what.\n"));
        }
    }
    out
}

/// A path as one word of a shell, quoted where it would be taken for more.
fn for_shell(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./\\:+,@%".contains(c);
    let quote = |path: &str| format!("'{}'", path.replace('\'', "'\\''"));
    match path {
        _ if cfg!(windows) && path.chars().all(is_plain) => path.to_owned(),
        _ if cfg!(windows) => format!("\"{path}\""), // No path has a double quote there.
        _ if path.starts_with('-') => for_shell(&format!("./{path}")),
        _ if path.chars().all(|c| is_plain(c) && c != '\\') => path.to_owned(),
        _ => quote(path),
    }
}

#[cfg(test)]
mod tests;
