//! `consign portal`

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use clap::Args;
use clap::ValueEnum;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::plan::observe;
use crate::cli::plan::read_plan;
use crate::diag::Diagnostic;
use crate::diag::Loaded;
use crate::diag::nearest;
use crate::diag::visible;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::portal::Right;
use crate::model::project::Severity;
use crate::plan::Plan;
use crate::plan::estate::Done;
use crate::plan::estate::Laid;
use crate::plan::is_match;
use crate::plan::portal::Difference;
use crate::plan::portal::FORMAT_VERSION;
use crate::plan::portal::Filter;
use crate::plan::portal::Matrix;
use crate::plan::portal::named;
use crate::plan::rights::Above;
use crate::reach::Estate;
use crate::reach::planned_guid;
use crate::report::portal;
use crate::report::portal::About;
use crate::rules::is_of_reading;

/// `consign portal`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --server the rights are those of the manifests, and no server is asked; what programs and sequential tasks inherit
is known there as far as manifests say it (PortalDefaults, and Folder.portal). With --server, or with --plan, they are those
that the server holds. Inherited rights are resolved: a program has those of the folder object of programs (PTL-2), a
sequential task those of its console folder (SEQ-6).")]
pub struct PortalArgs {
    /// The rights that this server holds, by its name in consign.yaml; without it, those of the manifests
    #[arg(long, value_name = "NAME", env = "CONSIGN_SERVER")]
    pub server: Option<String>,
    /// Who gains and who loses by this stored plan, over what its server holds now
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<Utf8PathBuf>,
    /// Only these principals, in any case; `*` stands for any run of characters
    #[arg(long, value_name = "NAME")]
    pub principal: Vec<String>,
    /// Only these programs and sequential tasks: an address such as program/7-Zip/Install, PACKAGE/PROGRAM, or the name of a
    /// package or sequential task; `*` stands for any run of characters
    #[arg(long, value_name = "ITEM")]
    pub program: Vec<String>,
    /// Only what lies in these console folders or below; a program lies where its package does
    #[arg(long, value_name = "FOLDER")]
    pub folder: Vec<String>,
    /// Only this right
    #[arg(long, value_enum)]
    pub right: Option<AskedRight>,
    /// What a row of the table is
    #[arg(long, value_enum, default_value_t = By::Program, conflicts_with = "plan")]
    pub by: By,
    /// How to print
    #[arg(long, value_enum, default_value_t = PortalFormat::Text)]
    pub format: PortalFormat,
}

/// A right on the portal (PTL-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AskedRight {
    /// Ask, and get it.
    Install,
    /// Ask, and get it when someone approves.
    InstallOnApproval,
}

/// What a row of the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A program or a sequential task.
    Program,
    /// A package with all its programs, or a sequential task: all, some or none.
    Package,
}

/// How the matrix is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PortalFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets: RFC 4180, a line for each item (or package) and principal.
    Csv,
    /// For a page or a comment.
    Markdown,
}

/// Runs it.
pub fn run(context: &Context, args: &PortalArgs) -> Outcome {
    let filter = filter(args);
    match (&args.plan, &args.server) {
        (Some(plan), _) => of_plan(context, args, &filter, &read_plan(context, plan)?),
        (None, Some(_)) => of_server(context, args, &filter),
        (None, None) => of_manifests(context, args, &filter),
    }
}

fn filter(args: &PortalArgs) -> Filter {
    Filter {
        principals: args.principal.clone(),
        programs: args.program.clone(),
        folders: args.folder.clone(),
        right: args.right.map(|right| match right {
            AskedRight::Install => Right::Install,
            AskedRight::InstallOnApproval => Right::InstallOnApproval,
        }),
    }
}

fn of_manifests(context: &Context, args: &PortalArgs, filter: &Filter) -> Outcome {
    let mut opened = context.open()?;
    let (loaded, server) = manifests(context, &mut opened)?;
    let items = loaded.site.items.values();
    let estate = Estate::of_items(items.map(|item| (planned_guid(&item.key), item)));
    is_there(&[&estate], filter)?;
    let matrix = Matrix::of(&estate, Above::Unknown, filter);
    are_named(context, &[&estate], matrix.is_known(), filter)?;
    let of = match server {
        Some(server) => format!("the manifests, as for `{}`", visible(&server)),
        None => "the manifests".to_owned(),
    };
    show(context, args, filter, &matrix, &of, "manifests")?;
    Ok(exit::OK)
}

/// The manifests without a server: as the first one of the project is to have them, for variables and overlays may differ.
/// The name of that server is told where there are several.
pub fn manifests(context: &Context, opened: &mut Opened) -> Result<(Loaded, Option<String>), Failure> {
    let servers: Vec<String> = opened.project.iter().flat_map(|project| project.servers.keys().cloned()).collect();
    let loaded = opened.site(servers.first().map(String::as_str));
    opened.settle();
    // What is wrong with a reference or by a rule leaves what was read as it is; what could not be read is missing.
    let is_missing = |finding: &Diagnostic| finding.severity == Severity::Error && is_of_reading(finding.rule);
    if opened.findings.iter().any(is_missing) || opened.project.is_none() {
        context.show_findings(&opened.findings, &opened.sources);
        let exit = if opened.project.is_none() { exit::CONFIG } else { exit::DATA };
        return Err(Failure::found(exit, &opened.findings, &opened.sources));
    }
    let loaded = loaded.ok_or_else(|| Failure::silent(exit::DATA))?;
    match opened.findings.count(Severity::Error) {
        0 => {}
        1 => context.talk("warning: the manifests have 1 error, and this is what they say all the same; `consign validate` tells it\n"),
        n => context.talk(&format!(
            "warning: the manifests have {n} errors, and this is what they say all the same; `consign validate` tells them\n"
        )),
    }
    Ok((loaded, servers.into_iter().next().filter(|_| opened.project.iter().any(|one| one.servers.len() > 1))))
}

fn of_server(context: &Context, args: &PortalArgs, filter: &Filter) -> Outcome {
    let (name, observed) = read(context, args.server.as_deref())?;
    let estate = Estate::of(&observed);
    is_there(&[&estate], filter)?;
    let matrix = Matrix::of(&estate, above(&observed), filter);
    are_named(context, &[&estate], matrix.is_known(), filter)?;
    show(context, args, filter, &matrix, &format!("server `{}`", visible(&name)), &name)?;
    Ok(whole(context, &observed))
}

fn of_plan(context: &Context, args: &PortalArgs, filter: &Filter, plan: &Plan) -> Outcome {
    let asked = args.server.as_deref().or(Some(plan.server.name.as_str()));
    let (name, observed) = read(context, asked)?;
    if observed.server.instance != plan.server.identity.instance {
        let message = format!("the plan is for another server than `{}`", visible(&name));
        return Err(Failure::new(exit::STALE, message)
            .help(format!("it was made for `{}`; make it again", visible(&plan.server.name))));
    }
    let exit = whole(context, &observed);
    let above = above(&observed);
    let laid = Laid::new(plan, observed, &Done::new());
    let (live, planned) = (laid.live(), laid.planned());
    is_there(&[&live, &planned], filter)?;
    let difference = Difference::of(&live, &planned, above, filter);
    let is_known = difference.before.is_known() && difference.after.is_known();
    are_named(context, &[&live, &planned], is_known, filter)?;
    let hash: String = plan.hash.chars().take(12).collect();
    let of = format!("server `{}` after plan {}", visible(&name), visible(&hash));
    let about = About { of: &of, by_package: false, columns: context.columns, paint: context.paint };
    match args.format {
        PortalFormat::Text => context.out(&portal::difference_text(&difference, &about))?,
        PortalFormat::Markdown => context.out(&portal::difference_markdown(&difference, &about))?,
        PortalFormat::Csv => context.out(&portal::difference_csv(&difference))?,
        PortalFormat::Json => {
            let value = json!({ "format_version": FORMAT_VERSION, "of": name, "plan": plan.hash, "filter": filter,
                "before": difference.before, "after": difference.after, "moves": difference.moves,
                "unknown": difference.unknown });
            context.out_json(&format!("{value:#}\n"))?;
        }
    }
    Ok(exit)
}

fn show(
    context: &Context,
    args: &PortalArgs,
    filter: &Filter,
    matrix: &Matrix,
    of: &str,
    source: &str,
) -> Result<(), Failure> {
    let by_package = args.by == By::Package;
    let about = About { of, by_package, columns: context.columns, paint: context.paint };
    match args.format {
        PortalFormat::Text => context.out(&portal::text(matrix, &about)),
        PortalFormat::Markdown => context.out(&portal::markdown(matrix, &about)),
        PortalFormat::Csv if by_package => context.out(&portal::csv_by_package(matrix)),
        PortalFormat::Csv => context.out(&portal::csv(matrix)),
        PortalFormat::Json => {
            let value = json!({ "format_version": FORMAT_VERSION, "of": source, "filter": filter,
                "principals": matrix.principals, "items": matrix.items, "packages": matrix.groups() });
            context.out_json(&format!("{value:#}\n"))
        }
    }
}

fn read(context: &Context, server: Option<&str>) -> Result<(String, Observed), Failure> {
    let opened = context.open()?;
    let (name, config) = opened.server(server)?;
    let reader = connect_to_read(&opened.root, &config)?;
    Ok((name, block_on(observe(&*reader))?))
}

/// The kinds that portal rights hang on.
const KINDS: [Kind; 5] = [Kind::Folder, Kind::Package, Kind::Program, Kind::SequentialTask, Kind::PortalDefaults];

/// Where all was read, nothing lies above.
fn above(observed: &Observed) -> Above {
    if observed.complete(Kind::Folder, None).is_some() { Above::Nothing } else { Above::Unknown }
}

/// The exit code: what could not be read is said.
fn whole(context: &Context, observed: &Observed) -> exit::Exit {
    let mut exit = exit::OK;
    for kind in KINDS {
        if let Some(why) = observed.gap(kind) {
            context.talk(&format!("warning: not every {kind} could be read: {}\n", visible(why)));
            exit = exit::INCOMPLETE;
        }
    }
    exit
}

/// Fails where a filter names what nothing is called: an empty matrix would look like an answer.
fn is_there(estates: &[&Estate<'_>], filter: &Filter) -> Result<(), Failure> {
    let kinds = [Kind::Program, Kind::SequentialTask];
    let keys = || estates.iter().flat_map(|estate| kinds.into_iter().flat_map(|kind| estate.of_kind(kind)));
    for (flag, globs, what) in
        [("--program", &filter.programs, "program or sequential task"), ("--folder", &filter.folders, "folder")]
    {
        let names: Vec<String> = match flag {
            "--program" => keys().flat_map(|placed| called(&placed.item.key)).collect(),
            _ => folders(estates),
        };
        for glob in globs {
            if !names.iter().any(|name| is_match(glob, name)) {
                let failure = Failure::new(exit::USAGE, format!("{flag}: there is no {what} `{}`", visible(glob)));
                return Err(match nearest(glob, names.iter().map(String::as_str)) {
                    Some(near) => failure.help(format!("did you mean `{}`?", visible(near))),
                    None => failure.help("`*` stands for any run of characters"),
                });
            }
        }
    }
    Ok(())
}

/// Fails where a filter names a principal whom no right names: a name that is mistyped would read as one without rights.
/// Where not all rights are known, that is a note: the unknown ones may name it.
fn are_named(context: &Context, estates: &[&Estate<'_>], is_known: bool, filter: &Filter) -> Result<(), Failure> {
    let names: BTreeMap<String, String> =
        estates.iter().flat_map(|estate| named(estate)).map(|name| (name.to_lowercase(), name)).collect();
    for glob in &filter.principals {
        let asked = glob.to_lowercase();
        if names.keys().any(|name| is_match(&asked, name)) {
            continue;
        }
        let near = nearest(&asked, names.keys().map(String::as_str)).and_then(|near| names.get(near));
        let help = near.map(|near| format!("did you mean `{}`?", visible(near)));
        let message = format!("no right names a principal `{}`", visible(glob));
        if is_known {
            let failure = Failure::new(exit::USAGE, format!("--principal: {message}"));
            return Err(failure.help(help.unwrap_or_else(|| "who is not named has no right".to_owned())));
        }
        let help = help.map(|help| format!("; {help}")).unwrap_or_default();
        context.talk(&format!("note: {message} here, and not all rights are known{help}\n"));
    }
    Ok(())
}

/// What a program or sequential task may be asked for by.
fn called(key: &crate::model::kind::ItemKey) -> Vec<String> {
    match &key.package {
        Some(package) => vec![key.to_string(), format!("{package}/{}", key.name), package.clone()],
        None => vec![key.to_string(), key.name.clone()],
    }
}

/// Every folder that there is, or that something lies in.
fn folders(estates: &[&Estate<'_>]) -> Vec<String> {
    let items = || estates.iter().flat_map(|estate| estate.items());
    let written = items().filter(|placed| placed.item.key.kind == Kind::Folder).map(|p| p.item.key.name.clone());
    written.chain(items().filter_map(|placed| placed.item.folder.clone())).collect()
}
