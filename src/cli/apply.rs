//! `consign apply`

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::adapter::Secrets;
use crate::adapter::WriteAdapter;
use crate::adapter::secret_name;
use crate::apply::Applier;
use crate::apply::LEASE_TTL;
use crate::apply::Options;
use crate::apply::Refusal;
use crate::apply::Report;
use crate::apply::event::Event;
use crate::apply::event::Listen;
use crate::apply::journal::Entry;
use crate::apply::journal::Journal;
use crate::apply::journal::JournalError;
use crate::apply::journal::earlier;
use crate::apply::journal::unknown_line;
use crate::cli::args::ApplyArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::context::connect_to_write;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::knowledge::Knowledge;
use crate::cli::passwords;
use crate::cli::plan::Computers;
use crate::cli::plan::Select;
use crate::cli::plan::exit_of;
use crate::cli::plan::make_plan;
use crate::cli::plan::observe;
use crate::cli::plan::read_plan;
use crate::cli::plan::selection;
use crate::cli::report::reported;
use crate::cli::revision::Asked;
use crate::diag::visible;
use crate::diff::Expected;
use crate::diff::Marks;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::package::RunWith;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::project::Severity;
use crate::model::schedule::Schedule;
use crate::model::task::Run;
use crate::plan::Plan;
use crate::plan::again;
use crate::plan::approved;
use crate::plan::bounds;
use crate::plan::checker;
use crate::plan::estate::Done;
use crate::plan::estate::Laid;
use crate::report;
use crate::report::render::Form;
use crate::report::view::View;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::environment;
use crate::sys::journal_files;
use crate::sys::journal_files::AppendFile;
use crate::sys::retry::Rng;

/// Where a project keeps journals and locks, below its root.
const STATE_DIRECTORY: &str = ".consign";

/// Runs it.
pub fn run(context: &Context, args: &ApplyArgs) -> Outcome {
    reported(context, "apply", &args.report, apply_and_report(context, args))
}

fn apply_and_report(context: &Context, args: &ApplyArgs) -> Outcome {
    let (plan, root, config, judged) = match &args.plan {
        Some(path) if args.replan => replanned(context, args, path)?,
        Some(path) => stored(context, args, path)?,
        None if args.auto_approve => {
            let select = selection(context, &args.select)?;
            let asked = Asked { follow_pipeline: true, ..Asked::default() };
            let fleet = Computers::Asked(args.fleet.as_deref());
            let made = make_plan(context, args.server.server.as_deref(), &select, fleet, &asked, false)?;
            (made.plan, made.root, made.config, (Policy::default(), made.secrets))
        }
        None => {
            return Err(Failure::new(exit::USAGE, "apply needs a plan file, or --auto-approve")
                .help("`consign plan --out PLAN`, look at it, `consign apply PLAN`"));
        }
    };
    // Where it was planned again, the hash was that of the file.
    if !args.replan {
        is_expected(args, &plan)?;
    }
    if args.report.format == Form::Text {
        show(context, &plan)?;
    }
    may_be_applied(&plan)?;
    if args.plan.is_some() {
        within_bounds(context, args, &plan, &root, &config, &judged.0)?;
    }
    let report = perform(context, &plan, &root, &config, &judged.1, args)?;
    let exit = exit_of_report(&report);
    let about = crate::cli::report::about(Some(&root), exit);
    crate::cli::report::write(context, &View::of_apply(&report, &plan, &about), &args.report, false)?;
    Ok(exit)
}

fn is_expected(args: &ApplyArgs, plan: &Plan) -> Result<(), Failure> {
    match &args.expect_plan_hash {
        Some(expected) if *expected != plan.hash => {
            let message = format!("the plan's hash is {}, not {}", plan.hash, visible(expected));
            Err(Failure::new(exit::STALE, message).help("nothing was done"))
        }
        _ => Ok(()),
    }
}

fn may_be_applied(plan: &Plan) -> Result<(), Failure> {
    let blocked = exit_of(plan, false, false);
    if blocked != exit::OK {
        let why = if blocked == exit::BLOCKED { "the plan is blocked" } else { "not everything could be read" };
        return Err(Failure::new(blocked, why).help("nothing was done; what stands above says why").of(plan));
    }
    if plan.is_behind() {
        let why = "the plan is of a branch behind its target, to be looked at only (PLN-14)";
        let failure = Failure::new(exit::BLOCKED, why).of(plan);
        return Err(failure.help("nothing was done; merge or rebase, and plan again"));
    }
    Ok(())
}

/// A stored plan held against one that is made now: the stored one where nothing has moved, else the new one where it
/// lies within what was approved.
fn replanned(context: &Context, args: &ApplyArgs, path: &Utf8Path) -> Result<Ready, Failure> {
    let (approved, root, config, judged) = stored(context, args, path)?;
    is_expected(args, &approved)?;
    // What was not to be applied then approves nothing.
    may_be_applied(&approved)?;
    let selection = approved.selection.clone().unwrap_or_default();
    let select = Select { targets: selection.targets, excludes: selection.excludes };
    let asked = Asked { follow_pipeline: true, ..Asked::default() };
    let fleet = Computers::Asked(args.fleet.as_deref());
    let now = make_plan(context, Some(&approved.server.name), &select, fleet, &asked, false)?.plan;
    let beyond: Vec<String> =
        approved::beyond(&approved, &now).iter().map(|one| visible(&one.to_string()).into_owned()).collect();
    if !beyond.is_empty() {
        let what = format!("planned again, it is more than what plan {} was approved for", &approved.hash[..12]);
        let failure = Failure::new(exit::STALE, listing(&what, &beyond)).of(&now);
        return Err(failure.help("nothing was written; have the new plan reviewed"));
    }
    // What today's policy blocks, or what was not read in full, no approval lets through.
    if exit_of(&now, false, false) != exit::OK && args.report.format == Form::Text {
        show(context, &now)?;
    }
    may_be_applied(&now)?;
    // An expired plan is still what was approved, and no longer what may be sent.
    if approved::is_still(&approved, &now) && SystemClock.now() < approved.expires {
        context.talk(&format!("Planned again: it is still plan {}, as approved.\n", &approved.hash[..12]));
        return Ok((approved, root, config, judged));
    }
    context.talk(&format!(
        "Planned again: the server or the manifests have moved, and what is left lies within plan {}, as approved.\n",
        &approved.hash[..12]
    ));
    Ok((now, root, config, judged))
}

fn show(context: &Context, plan: &Plan) -> Result<(), Failure> {
    let mut out = Vec::new();
    let options = report::plan::Options { paint: context.paint, full: false, columns: context.columns };
    report::plan::text(plan, options, &mut out).map_err(|error| Failure::new(exit::ERROR, error.to_string()))?;
    context.out(&String::from_utf8_lossy(&out))
}

fn exit_of_report(report: &Report) -> Exit {
    let made_any = !report.applied.is_empty();
    match (report.is_whole(), made_any) {
        (true, _) => exit::OK,
        // All was answered, and what is there could not be read.
        (false, _) if report.is_made() => exit::INCOMPLETE,
        (false, true) => exit::PARTIAL,
        // Whether something was made is not known, or something that was refused: either way not all is as planned.
        (false, false) if report.failed.iter().any(|f| f.outcome != crate::apply::Outcome::NotApplied) => exit::PARTIAL,
        (false, false) => exit::ERROR,
    }
}

/// Works a stored plan's consequences out again over what the server holds now, and refuses where they are more than was
/// approved.
fn within_bounds(
    context: &Context,
    args: &ApplyArgs,
    plan: &Plan,
    root: &Utf8Path,
    config: &ServerConfig,
    policy: &Policy,
) -> Result<(), Failure> {
    let starts = plan.resource_changes.iter().any(|change| change.after.as_ref().is_some_and(names_a_time));
    let protects =
        !policy.protected.is_empty() || policy.protected_roles.as_ref().is_some_and(|roles| !roles.is_empty());
    let protects = protects && !plan.resource_changes.is_empty();
    if plan.coverage.computers.read_at.is_none() && plan.bounds.is_empty() && !starts && !protects {
        return Ok(());
    }
    // A run that was cut short goes on with what was approved: a part of the changes is there already, and what is left
    // is looked at again.
    let journals = journal_files::read_all(&root.join(STATE_DIRECTORY).join("journal"), ".ndjson").unwrap_or_default();
    let journals: Vec<String> = journals.into_iter().map(|(_, text)| text).collect();
    let done: Done = earlier(&plan.hash, &journals).done.into_keys().collect();
    let reader = connect_to_read(root, config)?;
    let observed = block_on(observe(&*reader))?;
    let (time, instance) = (observed.time, observed.server.instance);
    let laid = Laid::new(plan, observed, &done);
    let knowledge = Knowledge::read(context, root, config, args.fleet.as_deref(), instance, |fleet| {
        again::questions(&laid, fleet)
    })?;
    let (now, protected) = again::judged(&laid, knowledge.computers(), time, policy);
    let blocked: Vec<String> = protected
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| visible(&format!("{} {}: {}", finding.rule, finding.subject, finding.message)).into_owned())
        .collect();
    if !blocked.is_empty() {
        return Err(Failure::new(exit::STALE, listing("protected computers would be reached", &blocked))
            .help("nothing was written; plan again and look at the difference"));
    }
    let severities = policy.severities.iter().filter(|(_, severity)| **severity == Severity::Off);
    let off: Vec<String> = severities.map(|(rule, _)| rule.clone()).collect();
    let broken = bounds::broken(plan, &now, &off);
    if broken.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = broken.iter().map(|one| visible(&one.to_string()).into_owned()).collect();
    Err(Failure::new(exit::STALE, listing("the computers would do more than was approved", &list))
        .help("nothing was written; plan again and look at the difference"))
}

/// What is wrong, with the first ten cases of it.
fn listing(what: &str, all: &[String]) -> String {
    let rest = all.len().saturating_sub(10);
    let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    format!("{what}: {}{rest}", all[..all.len().min(10)].join("; "))
}

/// Whether an item begins at a time that it names (PLN-12).
const fn names_a_time(item: &Item) -> bool {
    let (run, availability) = match &item.spec {
        Spec::Task(spec) => (&spec.run, &spec.availability),
        Spec::SequentialTask(spec) => (&spec.run, &spec.availability),
        _ => return false,
    };
    availability.from.is_some() || matches!(run, Run::Schedule(Schedule::At(_)))
}

/// A plan, the project's root, its server, and the project's policy and secrets.
type Ready = (Plan, Utf8PathBuf, ServerConfig, (Policy, passwords::Declared));

/// A stored plan, for the server it was made for.
fn stored(context: &Context, args: &ApplyArgs, path: &Utf8Path) -> Result<Ready, Failure> {
    if !args.select.target.is_empty() || !args.select.exclude.is_empty() {
        return Err(Failure::new(exit::USAGE, "a stored plan is applied whole")
            .help("give --target and --exclude to `consign plan`"));
    }
    let plan = read_plan(context, path)?;
    let opened = context.open()?;
    if opened.project.is_none() {
        context.show_findings(&opened.findings, &opened.sources);
        return Err(Failure::silent(exit::CONFIG));
    }
    if let Some(asked) = &args.server.server
        && *asked != plan.server.name
    {
        let message = format!("the plan is for server `{}`, not `{}`", visible(&plan.server.name), visible(asked));
        return Err(Failure::new(exit::CONFIG, message).help("nothing was done"));
    }
    let (_, config) = opened.server(Some(&plan.server.name))?;
    if config.url != plan.server.url {
        let message = format!(
            "the plan is for {}, and `consign.yaml` has {} for `{}`",
            visible(&plan.server.url),
            visible(&config.url),
            visible(&plan.server.name)
        );
        return Err(Failure::new(exit::CONFIG, message).help("nothing was done; plan again"));
    }
    checker::within(&plan, &config).map_err(|unsound| {
        Failure::new(exit::BLOCKED, format!("`{path}` is not applied: {}", visible(&unsound.to_string())))
            .help("nothing was done; make the plan again")
    })?;
    let judged = opened.project.as_ref().map(|project| (project.policy.clone(), project.secrets.clone()));
    Ok((plan, opened.root, config, judged.unwrap_or_default()))
}

/// Applies a plan from a project's root: lock, journal, steps.
pub fn perform(
    context: &Context,
    plan: &Plan,
    root: &Utf8Path,
    config: &ServerConfig,
    declared: &passwords::Declared,
    args: &ApplyArgs,
) -> Result<Report, Failure> {
    let secrets = &resolve_secrets(plan, root, config, declared)?;
    let writer = connect_to_write(root, config)?;
    let state = root.join(STATE_DIRECTORY);
    let local = |error: std::io::Error, what: &str| {
        Failure::new(exit::ERROR, format!("{what} `{state}`: {error}"))
            .help("nothing was sent; make room, or make it writable")
    };
    let before = journal_files::read_all(&state.join("journal"), ".ndjson").unwrap_or_default();
    if plan.steps.is_empty() && !before.iter().any(|(_, text)| died(text)) {
        // Nothing to write: no lock, no lease, no journal.
        let nothing = Nothing;
        let listen = Terminal::new(context, args.report.format);
        return block_on(apply(plan, &*writer, secrets, args, &listen, Box::new(nothing), Vec::new(), new_run()));
    }
    let _lock = match journal_files::lock(&state.join("apply.lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            return Err(Failure::new(exit::LOCKED, "another apply of this project runs on this machine")
                .help("wait for it; nothing was sent"));
        }
        Err(error) => return Err(local(error, "cannot lock")),
    };
    let journals = journal_files::read_all(&state.join("journal"), ".ndjson").map_err(|e| local(e, "cannot read"))?;
    for (path, text) in &journals {
        if let Some(line) = unknown_line(text) {
            let path = visible(path.as_str());
            context.talk(&format!(
                "warning: line {line} of the journal `{path}` is of a form that this version does not know; nothing \
                 from there on is taken into account\n"
            ));
        }
    }
    let run = new_run();
    let name = format!("{}-{}.ndjson", SystemClock.now().strftime("%Y%m%dT%H%M%S%.6fZ"), &plan.hash[..12]);
    let file = AppendFile::create(&state.join("journal").join(name)).map_err(|e| local(e, "cannot write to"))?;
    let path = file.path().to_owned();
    let mut journal = FileJournal(file);
    let holder = environment::whoami();
    journal.append(&[Entry::Lease { run: run.clone(), holder }]).map_err(Refusal::Journal)?;
    let listen = Terminal::new(context, args.report.format);
    let texts: Vec<String> = journals.iter().map(|(_, text)| text.clone()).collect();
    let result = block_on(apply(plan, &*writer, secrets, args, &listen, Box::new(journal), texts, run));
    // What ended well is no evidence of anything but itself; what was refused sent nothing. Once all is as planned,
    // what earlier runs left undone on this server is history.
    let instance = plan.server.identity.instance.to_string();
    match &result {
        Ok(report) if report.is_whole() => {
            if plan.steps.is_empty() {
                journal_files::remove(&path); // It only asked for what a dead run had left.
            }
            for (old, text) in &journals {
                let is_history = plan.selection.is_none() && text.contains(&instance);
                if is_over(text) || is_history || text.contains(&plan.hash) || !has_begun(text) {
                    journal_files::remove(old);
                }
            }
        }
        Ok(_) => context.talk(&format!("The journal is `{path}`.\n")),
        // A refusal that took no lease, or gave it back, leaves nothing to remember; any other is the only proof by which
        // the next run can give the lease back.
        Err(_) => {
            let text = journal_files::read_all(&state.join("journal"), ".ndjson").unwrap_or_default();
            if !text.iter().any(|(file, text)| *file == path && died(text)) {
                journal_files::remove(&path);
            }
        }
    }
    result
}

/// Whether a journal says that its run came as far as to ask for a lease, and not to its end.
fn died(text: &str) -> bool {
    has_begun(text) && !text.lines().any(|line| line.contains("\"type\":\"end\""))
}

/// Whether a journal says that its run came as far as to ask for a lease.
fn has_begun(text: &str) -> bool {
    text.lines().any(|line| line.contains("\"type\":\"begin\""))
}

/// Whether a journal says that its run was whole.
fn is_over(text: &str) -> bool {
    text.lines().last().is_some_and(|line| line.contains("\"whole\":true"))
}

fn new_run() -> String {
    format!("{:032x}", environment::unique())
}

#[expect(clippy::too_many_arguments, reason = "they are the parts of one call, each of another source")]
async fn apply(
    plan: &Plan,
    writer: &dyn WriteAdapter,
    (secrets, marks): &(Secrets, Marks),
    args: &ApplyArgs,
    listen: &dyn Listen,
    mut journal: Box<dyn Journal>,
    journals: Vec<String>,
    run: String,
) -> Result<Report, Failure> {
    let interrupt: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    tokio::spawn(async move {
        watch_signals(interrupt).await;
    });
    let holder = environment::whoami();
    // Leases of other servers are not this one's to give back.
    let instance = plan.server.identity.instance.to_string();
    let here: Vec<&String> = journals.iter().filter(|text| text.contains(&instance)).collect();
    forget_dead_leases(writer, &here).await;
    let options = Options {
        holder,
        parallelism: args.parallelism as usize,
        batch_max: args.batch as usize,
        lock_timeout: Duration::from_secs(args.lock_timeout.as_seconds()),
        run,
        attempts: 4,
    };
    let earlier = earlier(&plan.hash, &journals);
    let clock = &SystemClock;
    let applier = Applier { adapter: writer, plan, secrets, marks, clock, listen, interrupt, options, earlier };
    let mut rng = Rng::seeded(environment::unique() as u64);
    let report = applier.run(journal.as_mut(), &mut rng).await?;
    Ok(report)
}

/// Gives back the leases of earlier runs on this machine that died with them. The local lock says that none of them
/// lives: asking for such a lease again by its key gets the very same one.
async fn forget_dead_leases(writer: &dyn WriteAdapter, journals: &[&String]) {
    if !writer.capabilities().leases {
        return;
    }
    for text in journals.iter().filter(|text| died(text)) {
        let runs = text.lines().filter_map(|line| match serde_json::from_str(line) {
            Ok(Entry::Lease { run, holder }) => Some((run, holder)),
            _ => None,
        });
        for (run, holder) in runs {
            let key = format!("lease-{run}");
            // Where it cannot be had it belongs to somebody else by now, or ends by itself.
            for _ in 0..3 {
                let given_back = match writer.acquire(&holder, LEASE_TTL, &key).await {
                    Ok(lease) => writer.release(&lease).await,
                    Err(error) => Err(error),
                };
                match given_back {
                    Err(error) if error.is_passing() => tokio::time::sleep(Duration::from_millis(200)).await,
                    _ => break,
                }
            }
        }
    }
}

/// The first signal lets the requests in flight end; the second ends the program.
async fn watch_signals(interrupt: &'static AtomicBool) {
    loop {
        wait_for_signal().await;
        if interrupt.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    }
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let terminate = signal(SignalKind::terminate());
    let hangup = signal(SignalKind::hangup());
    match (terminate, hangup) {
        (Ok(mut terminate), Ok(mut hangup)) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        },
        _ => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Resolves every password that a step sends, before the first is sent, with the marks that they get.
fn resolve_secrets(
    plan: &Plan,
    root: &Utf8Path,
    config: &ServerConfig,
    declared: &passwords::Declared,
) -> Result<(Secrets, Marks), Failure> {
    let is_needed = plan.resource_changes.iter().any(|change| !change.after_sensitive.is_empty());
    let key = config.password_key_from.as_ref().filter(|_| is_needed).map(|source| passwords::key_of(source, root));
    let key = key.transpose().map_err(|why| {
        Failure::new(exit::CONFIG, format!("the key that passwords are marked with: {why}"))
            .help("`passwordKeyFrom` in `consign.yaml` names it; nothing was sent")
    })?;
    let (mut out, mut marks) = (Secrets::keyed(key), Marks::default());
    for change in &plan.resource_changes {
        let Some(Spec::Program(program)) = change.after.as_ref().map(|after| &after.spec) else { continue };
        let RunWith::Account(account) = &program.run_with else { continue };
        let Some(reference) = &account.password_from else { continue };
        if out.get(&secret_name(reference)).is_none() {
            let secret = passwords::resolve(declared, reference, root).map_err(|why| {
                Failure::new(exit::CONFIG, why)
                    .help(format!("`{}` needs it; nothing was sent", visible(&change.address)))
            })?;
            out.insert(secret_name(reference), secret);
        }
        if let Some(mark) = out.mark(&account.account, reference) {
            marks.put(account, Expected::Is(mark));
        }
    }
    Ok((out, marks))
}

struct FileJournal(AppendFile);

impl Journal for FileJournal {
    fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let mut text = String::new();
        for entry in entries {
            text.push_str(&serde_json::to_string(entry).expect("a journal entry prints as JSON: it has no maps"));
            text.push('\n');
        }
        let path = self.0.path().to_string();
        self.0.append(text.as_bytes()).map_err(|error| JournalError { path, because: error.to_string() })
    }
}

/// The journal of an apply that writes nothing.
struct Nothing;

impl Journal for Nothing {
    fn append(&mut self, _: &[Entry]) -> Result<(), JournalError> {
        Ok(())
    }
}

/// Tells what happens on standard error: what goes wrong, and to a terminal how far it has come.
struct Terminal<'a> {
    context: &'a Context,
    quiet: bool,
    made: AtomicU32,
    steps: AtomicU32,
}

impl<'a> Terminal<'a> {
    fn new(context: &'a Context, form: Form) -> Self {
        Self { context, quiet: form.is_json(), made: AtomicU32::new(0), steps: AtomicU32::new(0) }
    }
}

impl Listen for Terminal<'_> {
    fn hear(&self, event: &Event) {
        let line = match event {
            Event::ApplyStart { steps } => {
                self.steps.store(u32::try_from(*steps).unwrap_or(u32::MAX), Ordering::Relaxed);
                format!("\nApplying {steps} steps.\n")
            }
            Event::ApplyProgress { step, action, item } => {
                let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
                let steps = self.steps.load(Ordering::Relaxed);
                // A small apply is told step by step, a large one by the twentieth part.
                if steps > 100 && made != steps && !made.is_multiple_of(steps / 20) {
                    return;
                }
                if steps > 100 {
                    format!("  {made} of {steps} steps made\n")
                } else {
                    format!("  {step:>3} {} {}\n", action.word(), visible(item))
                }
            }
            Event::Retry { step, attempt, because } => {
                format!("  step {step}: attempt {attempt} failed ({}); again\n", visible(because))
            }
            Event::ApplyErrored { step, item, because } => {
                format!("  step {step} failed: {}: {}\n", visible(item), visible(because))
            }
            Event::Waiting { holder } => format!("Waiting for another apply: {}\n", visible(holder)),
            Event::ApplyComplete { .. } => "\n".to_owned(),
        };
        match event {
            _ if self.quiet => {}
            Event::ApplyStart { .. } | Event::ApplyProgress { .. } | Event::ApplyComplete { .. } => {
                self.context.progress(&line);
            }
            Event::Retry { .. } | Event::ApplyErrored { .. } | Event::Waiting { .. } => self.context.talk(&line),
        }
    }
}
