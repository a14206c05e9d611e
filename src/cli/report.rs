//! Where reports go: standard output, files, what a pipeline's runner names in its variables.

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::cli::args::ReportArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::VERSION;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::report::budget::Host;
use crate::report::github;
use crate::report::gitlab;
use crate::report::markdown;
use crate::report::render::Form;
use crate::report::render::Options;
use crate::report::render::render;
use crate::report::view::About;
use crate::report::view::View;
use crate::sys::disk;
use crate::sys::environment;
use crate::sys::files;

impl ReportArgs {
    /// The files that were asked for, but for the plan widget's.
    fn files(&self) -> impl Iterator<Item = (Form, &Utf8PathBuf)> {
        [
            (Form::Text, &self.text_into),
            (Form::Json, &self.json_into),
            (Form::Markdown, &self.markdown_into),
            (Form::Html, &self.html_into),
            (Form::Sarif, &self.sarif_into),
            (Form::Junit, &self.junit_into),
            (Form::Github, &self.github_into),
            (Form::Gitlab, &self.gitlab_into),
            (Form::Azure, &self.azure_into),
        ]
        .into_iter()
        .filter_map(|(form, path)| Some((form, path.as_ref()?)))
    }

    /// Whether a report says where items are written.
    pub fn needs_places(&self) -> bool {
        let names = |form: Form| !matches!(form, Form::Text | Form::Json);
        names(self.format) || self.files().any(|(form, _)| names(form))
    }

    fn has(&self, form: Form) -> bool {
        self.format == form || self.files().any(|(one, _)| one == form)
    }
}

/// What is known beside what a report is about.
pub fn about(root: Option<&Utf8Path>, exit: Exit) -> About {
    About {
        consign_version: VERSION.to_owned(),
        exit: (exit.code, exit.name),
        directory: root.and_then(files::below_repository),
        ..About::default()
    }
}

/// Writes every report that was asked for: files first, standard output last.
///
/// # Errors
/// When standard output cannot be written.
pub fn write(context: &Context, view: &View<'_>, args: &ReportArgs, full: bool) -> Result<(), Failure> {
    let options = write_files(context, view, args, full);
    let summary = options.as_deref();
    let form = args.format;
    if args.files().any(|(one, path)| one == form && path == "-") {
        return Ok(()); // It stands there already.
    }
    let options = Options { color: context.paint.color, full, columns: context.columns, summary };
    put(context, form, Utf8Path::new("-"), &render(view, form, options))
}

/// Writes every file that was asked for, and gives the one that Azure DevOps is to show as a summary.
///
/// A report that cannot be written is told, and changes no exit code: what the command did is done.
fn write_files(context: &Context, view: &View<'_>, args: &ReportArgs, full: bool) -> Option<String> {
    let tell = |result: Result<(), Failure>| {
        if let Err(unwritten) = result {
            context.talk(&unwritten.lines().replacen("error: ", "warning: a report was not written: ", 1));
        }
    };
    let summary = if args.has(Form::Azure) { azure_summary(context, view, args, &tell) } else { None };
    let options = Options { color: false, full, columns: 0, summary: summary.as_deref() };
    for (form, path) in args.files() {
        tell(put(context, form, path, &render(view, form, options)));
    }
    if let Some(path) = &args.gitlab_plan_into {
        tell(put(context, Form::Json, path, &format!("{}\n", gitlab::plan(view))));
    }
    if args.has(Form::Github) {
        tell(append("GITHUB_STEP_SUMMARY", &github::summary(view)));
        tell(append("GITHUB_OUTPUT", &github::outputs(view)));
    }
    summary
}

fn put(context: &Context, form: Form, path: &Utf8Path, text: &str) -> Result<(), Failure> {
    match (path == "-", form.is_json()) {
        (true, true) => context.out_json(text),
        (true, false) => context.out(text),
        (false, _) => context.write_file(path, text),
    }
}

/// Adds to the file that a runner names in a variable; where it names none there is nothing to do.
fn append(variable: &str, text: &str) -> Result<(), Failure> {
    let Some(path) = environment::variable(variable).filter(|path| !path.is_empty()) else { return Ok(()) };
    disk::append(Utf8Path::new(&path), text.as_bytes()).map_err(|error| {
        let message = format!("{variable}: {}", crate::cli::failure::chain(&error));
        Failure::new(crate::cli::exit::ERROR, message)
    })
}

/// The file whose content Azure DevOps shows as the summary: the Markdown that is written anyway, or one in the agent's
/// own directory.
fn azure_summary(
    context: &Context,
    view: &View<'_>,
    args: &ReportArgs,
    tell: &dyn Fn(Result<(), Failure>),
) -> Option<String> {
    if let Some(path) = args.markdown_into.as_ref().filter(|path| *path != "-") {
        let path = context.directory.join(path);
        return Some(camino::absolute_utf8(&path).map_or_else(|_| path.to_string(), Utf8PathBuf::into_string));
    }
    let directory = environment::variable("AGENT_TEMPDIRECTORY").filter(|path| !path.is_empty())?;
    let path = Utf8PathBuf::from(directory).join(format!("consign-{}-{:x}.md", view.command, environment::unique()));
    let written = context.write_file(&path, &markdown::text(view, Host::Azure));
    let is_written = written.is_ok();
    tell(written);
    is_written.then(|| path.into_string())
}

/// The view of a failure, with what it was for.
pub fn of_failure<'a>(command: &str, failure: &'a Failure) -> View<'a> {
    let about = about(None, failure.exit);
    let message = match failure.message.as_str() {
        "" => "what was found in the project's files stands on standard error; `consign validate` finds it as well",
        message => message,
    };
    let found = failure.found.as_deref().map(|(found, sources)| (found, sources));
    let mut view = View::of_failure(command, message, failure.help.as_deref(), found, &about);
    if let Some(plan) = failure.plan.as_deref() {
        view.because_of(View::of_plan(plan, &about));
    }
    view
}

/// Writes the reports that were asked for when a command failed too: who reads them must not find an old one, or none.
pub fn reported(context: &Context, command: &str, args: &ReportArgs, outcome: Outcome) -> Outcome {
    let Err(failure) = outcome else { return outcome };
    let view = of_failure(command, &failure);
    // As text it stands on standard error.
    let printed = match args.format {
        Form::Text => {
            write_files(context, &view, args, false);
            Ok(())
        }
        _ => write(context, &view, args, false),
    };
    if let Err(unwritten) = printed {
        context.talk(&unwritten.lines());
    }
    Err(failure)
}
