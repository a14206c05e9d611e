//! `consign plan` and `consign show`

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::mpsc;

use camino::Utf8Path;
use jiff::Timestamp;

use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::cli::args::PlanArgs;
use crate::cli::args::SelectArgs;
use crate::cli::args::ShowArgs;
use crate::cli::context::Context;
use crate::cli::context::Ground;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::VERSION;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::context::find_root;
use crate::cli::context::open_on;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::knowledge::Knowledge;
use crate::cli::passwords;
use crate::cli::report;
use crate::cli::report::reported;
use crate::cli::revision;
use crate::cli::revision::Asked;
use crate::cli::revision::Revisions;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Origins;
use crate::diag::Sources;
use crate::diag::nearest;
use crate::diag::visible;
use crate::diff::PolicyChange;
use crate::diff::governed;
use crate::diff::policy_changes;
use crate::manifest;
use crate::model::kind::ItemKey;
use crate::model::observed::Observed;
use crate::model::project::ServerConfig;
use crate::plan::Plan;
use crate::plan::file;
use crate::plan::make;
use crate::plan::origin;
use crate::report::view::About;
use crate::report::view::Place;
use crate::report::view::View;
use crate::report::view::findings;
use crate::rules::plan::PLN_1;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::disk;
use crate::sys::files;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;

/// Runs `consign plan`.
pub fn run(context: &Context, args: &PlanArgs) -> Outcome {
    reported(context, "plan", &args.report, plan_and_show(context, args))
}

fn plan_and_show(context: &Context, args: &PlanArgs) -> Outcome {
    let select = selection(context, &args.select)?;
    let asked = Asked {
        revision: args.rev.clone(),
        base: args.base.clone().filter(|base| !base.is_empty()),
        follow_pipeline: true,
    };
    let fleet = Computers::Asked(args.fleet.as_deref());
    let made = make_plan(context, args.server.server.as_deref(), &select, fleet, &asked, args.allow_behind)?;
    // The plan and the reports are written whatever comes of it.
    if let Some(path) = &args.out {
        context.write_file(path, &file::write(&made.plan))?;
    }
    let exit = exit_of(&made.plan, args.detailed_exitcode, args.expect_no_changes);
    let about = made.about(exit, args.report.needs_places(), args.out.as_deref());
    report::write(context, &View::of_plan(&made.plan, &about), &args.report, args.full)?;
    if let Some(path) = args.out.as_ref().filter(|path| *path != "-") {
        let next = match made.plan.applyable {
            true => format!("`consign apply {path}` does it"),
            false => "`consign apply` refuses it".to_owned(),
        };
        context.talk(&format!("\nStored in `{path}` (plan {}); {next}.\n", &made.plan.hash[..12]));
    }
    Ok(exit)
}

/// Runs `consign show`.
pub fn show(context: &Context, args: &ShowArgs) -> Outcome {
    reported(context, "show", &args.report, show_stored(context, args))
}

fn show_stored(context: &Context, args: &ShowArgs) -> Outcome {
    let plan = read_plan(context, &args.plan)?;
    let about = About { plan_file: Some(args.plan.to_string()), ..report::about(None, exit::OK) };
    report::write(context, &View::of_plan(&plan, &about), &args.report, args.full)?;
    Ok(exit::OK)
}

/// The exit code that a plan leads to.
pub fn exit_of(plan: &Plan, detailed: bool, expect_no_changes: bool) -> Exit {
    if plan.is_blocked() {
        exit::BLOCKED
    } else if !plan.complete {
        exit::INCOMPLETE
    } else if !plan.is_empty() && expect_no_changes {
        exit::ERROR
    } else if !plan.is_empty() && detailed {
        exit::CHANGES
    } else {
        exit::OK
    }
}

/// Reads a plan file.
pub fn read_plan(context: &Context, path: &Utf8Path) -> Result<Plan, Failure> {
    let bytes = disk::read_bounded(&context.directory.join(path), 1 << 30)
        .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    file::read(&bytes).map_err(|error| {
        let message = format!("`{path}` is not applied: {}", crate::cli::failure::chain(&error));
        Failure::new(exit::DATA, message).help("nothing was done; make the plan again")
    })
}

/// Whether a plan is to say what the computers would do.
#[derive(Clone, Copy, Debug)]
pub enum Computers<'a> {
    /// No.
    LeftOut,
    /// Yes: from this file, else from the server.
    Asked(Option<&'a Utf8Path>),
}

/// A plan, and what it was made with.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// The root of the project.
    pub root: camino::Utf8PathBuf,
    /// What the project says of the server.
    pub config: ServerConfig,
    /// The secrets that the project declares.
    pub secrets: passwords::Declared,
    /// Whether some password could not be compared although there is a key to compare it by (PLN-13).
    pub is_unseen: bool,
    /// The manifests, and where in them each item is written.
    pub written: &'static (Sources, Origins),
}

impl Made {
    /// What a report says besides the plan; where items are written is looked up only where it is needed.
    pub fn about(&self, exit: Exit, with_places: bool, plan_file: Option<&Utf8Path>) -> About {
        let about = report::about(Some(&self.root), exit);
        let places = if with_places { self.places(about.directory.as_deref()) } else { BTreeMap::new() };
        About { places, plan_file: plan_file.filter(|path| *path != "-").map(ToString::to_string), ..about }
    }

    /// Where the items that the plan names are written.
    fn places(&self, directory: Option<&str>) -> BTreeMap<ItemKey, Place> {
        let (sources, origins) = self.written;
        let changes = self.plan.resource_changes.iter().map(|change| change.key.clone());
        let held = self.plan.held.iter().map(|held| held.key.clone());
        let subjects = self.plan.consequences.iter().map(|one| &one.subject);
        let subjects = subjects.chain(self.plan.findings.iter().map(|one| &one.subject));
        let subjects = subjects.filter_map(|address| ItemKey::parse(address));
        let keys: BTreeSet<ItemKey> =
            changes.chain(held).chain(subjects).filter(|key| origins.get(key).is_some()).collect();
        // A finding is what places are looked up for; the rule of these is never seen. They come back in another order: the
        // message says whose each is.
        let keys: Vec<ItemKey> = keys.into_iter().collect();
        let wanted = keys.iter().enumerate();
        let mut findings: Diagnostics =
            wanted.map(|(at, key)| Diagnostic::warning(&PLN_1, origins.name(key), at.to_string())).collect();
        manifest::locate(&mut findings, sources);
        let place = |finding: &Diagnostic| {
            let key = keys.get(finding.message.parse::<usize>().ok()?)?;
            Some((key.clone(), findings::place(&finding.at, sources, directory)?))
        };
        findings.iter().filter_map(place).collect()
    }
}

/// Makes a plan: reads the manifests and the server at the same time, and compares. One of a branch behind its target is
/// blocked, unless it is only to be looked at.
pub fn make_plan(
    context: &Context,
    server: Option<&str>,
    select: &Select,
    fleet: Computers<'_>,
    asked: &Asked,
    look_only: bool,
) -> Result<Made, Failure> {
    let root = find_root(&context.directory)?;
    let revisions = revision::find(context, &root, asked)?;
    // The project file is small; the server's answer and the manifests are not, and are read beside each other.
    let early = early_server(&root, server, &revisions)?;
    let (sender, receiver) = mpsc::channel();
    let (loaded, answer) = std::thread::scope(|scope| {
        if let Some(config) = &early {
            let root = &root;
            scope.spawn(move || {
                // The other end waits for exactly one answer.
                let _ = sender.send(observe_with(root, config));
            });
        } else {
            drop(sender);
        }
        (load(context, root.clone(), server, &revisions), receiver.recv().ok())
    });
    let Ready { opened, loaded, name, config, policy_changes } = loaded?;
    let declared = opened.project.as_ref().map(|project| project.secrets.clone()).unwrap_or_default();
    let marks = passwords::marks(&declared, &config, &root, &loaded.site, revisions.base.is_some());
    let observed = match answer {
        Some(answer) => answer?,
        None => {
            is_trusted(&root, &config, &revisions)?;
            observe_with(&opened.root, &config)?
        }
    };
    let (observed, capabilities) = observed;
    let policy = opened.project.as_ref().map(|project| project.policy.clone()).unwrap_or_default();
    let instance = observed.server.instance;
    let Loaded { site, origins, .. } = loaded;
    // As long as the program runs: a command ends soon, and freeing a large site takes longer than comparing it.
    let written: &'static _ = Box::leak(Box::new((opened.sources.clone(), origins)));
    let mut input = make::Input {
        observed,
        site,
        server: &name,
        config: &config,
        policy: &policy,
        capabilities: &capabilities,
        targets: &select.targets,
        excludes: &select.excludes,
        written: Some((&written.0, &written.1)),
        marks: &marks,
        now: now(),
        version: VERSION,
    };
    let draft = make::draft(&mut input);
    let knowledge = match fleet {
        // Where nothing changes, no computer does anything.
        Computers::Asked(file) if !draft.is_empty() => {
            Knowledge::read(context, &opened.root, &config, file, instance, |fleet| draft.questions(fleet))?
        }
        _ => Knowledge::nothing(&config),
    };
    let mut plan = draft.finish(knowledge.computers());
    origin::bind(&mut plan, revisions.origin(|snapshot| opened.is_same_as(snapshot)), policy_changes, look_only);
    if let Some(selection) = plan.selection.as_ref().filter(|selection| !selection.unmatched.is_empty()) {
        let list = selection.unmatched.iter().map(|one| format!("`{}`", visible(one))).collect::<Vec<_>>().join(", ");
        let near = selection.unmatched.first().and_then(|one| {
            let addresses: Vec<String> = input.site.items.keys().map(ToString::to_string).collect();
            nearest(one, addresses.iter().map(String::as_str)).map(str::to_owned)
        });
        let failure = Failure::new(exit::USAGE, format!("no item is called {list}"));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean `{}`?", visible(&near))),
            None => failure.help("an address is KIND/NAME as a plan writes it, `*` for any run of characters"),
        });
    }
    // A large site is freed piece by piece for longer than it is compared; a command that ends soon leaves that be.
    std::mem::forget(input);
    std::mem::forget(opened);
    Ok(Made { plan, root, config, secrets: declared, is_unseen: marks.is_unseen(), written })
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// The server's part of the project file, if it can be had without reading anything else: what is planned on disk is
/// judged by the file there or by that of the base.
fn early_server(root: &Utf8Path, server: Option<&str>, revisions: &Revisions) -> Result<Option<ServerConfig>, Failure> {
    let project = match (&revisions.base, &revisions.ground) {
        (Some(base), _) => Some(base.project.clone()),
        (None, Ground::Commit(_)) => None,
        (None, Ground::Disk | Ground::Edited(_)) => {
            let mut sources = crate::diag::Sources::new();
            let (source, _) = files::read_project_file(root, &files::Limits::default(), &mut sources);
            let read = source.map(|source| crate::manifest::read_project(&sources, source));
            read.and_then(|(project, findings)| project.filter(|_| !findings.has_errors()))
        }
    };
    let Some(mut project) = project else { return Ok(None) };
    let config = match server {
        Some(name) => project.servers.remove(name),
        None if project.servers.len() == 1 => project.servers.pop_first().map(|(_, config)| config),
        None => None,
    };
    if let Some(config) = &config {
        is_trusted(root, config, revisions)?;
    }
    Ok(config)
}

fn is_trusted(root: &Utf8Path, config: &ServerConfig, revisions: &Revisions) -> Result<(), Failure> {
    revisions.base.as_ref().map_or(Ok(()), |base| base.trusts(root, config, revisions.snapshot()))
}

type Read = (Observed, crate::model::capabilities::Capabilities);

fn observe_with(root: &Utf8Path, config: &ServerConfig) -> Result<Read, Failure> {
    let reader = connect_to_read(root, config)?;
    block_on(async {
        let observed = observe(&*reader).await?;
        Ok((observed, reader.capabilities().clone()))
    })
}

/// Reads a server, with patience.
pub async fn observe(reader: &dyn ReadAdapter) -> Result<Observed, Failure> {
    let mut retry = Retry::new(3);
    let mut rng = Rng::seeded(now().as_nanosecond().unsigned_abs() as u64);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match reader.observe(None).await {
            Ok(Observation::Fresh(observed)) => return Ok(observed),
            Ok(Observation::Unchanged) => {
                return Err(Failure::new(exit::ERROR, "the server says that nothing changed since nothing was read"));
            }
            Err(error) => error,
        };
        match if error.is_passing() { retry.delay(attempt, None, &mut rng) } else { None } {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error.into()),
        }
    }
}

struct Ready {
    opened: Opened,
    loaded: Loaded,
    name: String,
    config: ServerConfig,
    policy_changes: Vec<PolicyChange>,
}

/// Reads and checks the manifests; one with an error ends here.
fn load(
    context: &Context,
    root: camino::Utf8PathBuf,
    server: Option<&str>,
    revisions: &Revisions,
) -> Result<Ready, Failure> {
    let mut opened = open_on(root, revisions.ground.clone());
    let Some(proposed) = &opened.project else {
        opened.settle();
        context.show_findings(&opened.findings, &opened.sources);
        return Err(Failure::found(exit::CONFIG, &opened.findings, &opened.sources));
    };
    let mut changes = Vec::new();
    if let Some(base) = &revisions.base {
        changes = policy_changes(&base.project, proposed);
        let is_new =
            server.is_some_and(|name| proposed.servers.contains_key(name) && !base.project.servers.contains_key(name));
        if is_new {
            let message = format!("only the proposal has a server `{}`", visible(server.unwrap_or_default()));
            let help = format!("servers come from the base, `{}`; merge it first", base.origin.revision);
            return Err(Failure::new(exit::CONFIG, message).help(help));
        }
        opened.project = Some(governed(&base.project, proposed));
    }
    let (name, config) = opened.server(server)?;
    let loaded = opened.only_site(&name);
    opened.settle();
    if opened.findings.has_errors() {
        context.show_findings(&opened.findings, &opened.sources);
        return Err(Failure::found(exit::DATA, &opened.findings, &opened.sources));
    }
    if !opened.findings.is_empty() {
        context.show_findings(&opened.findings, &opened.sources);
    }
    let loaded = loaded.filter(|loaded| loaded.unread.is_empty()).ok_or_else(|| Failure::silent(exit::DATA))?;
    Ok(Ready { opened, loaded, name, config, policy_changes: changes })
}

/// Which part of a plan was asked for.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Only these.
    pub targets: Vec<String>,
    /// Not these.
    pub excludes: Vec<String>,
}

/// Puts the addresses of flags and files together.
pub fn selection(context: &Context, args: &SelectArgs) -> Result<Select, Failure> {
    let read = |path: &Option<camino::Utf8PathBuf>| -> Result<Vec<String>, Failure> {
        let Some(path) = path else { return Ok(Vec::new()) };
        let bytes = if path == "-" {
            disk::read_stdin_bounded(1 << 20)
        } else {
            disk::read_bounded(&context.directory.join(path), 1 << 20)
        };
        let bytes = bytes.map_err(|error| Failure::from_error(exit::USAGE, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::new(exit::USAGE, format!("`{path}` is not UTF-8")))?;
        Ok(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect())
    };
    let mut select = Select { targets: args.target.clone(), excludes: args.exclude.clone() };
    select.targets.extend(read(&args.target_file)?);
    select.excludes.extend(read(&args.exclude_file)?);
    Ok(select)
}
