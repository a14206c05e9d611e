//! The chapters of the kinds and of the project file, from their types and schemas.

use super::linked;
use crate::cli::capabilities;
use crate::cli::explain::servers;
use crate::diff::effects;
use crate::manifest;
use crate::manifest::Field;
use crate::model::kind::Kind;

/// A whole manifest of a kind, with every field: its kind, where it is, and its text.
macro_rules! example {
    ($kind:ident, $path:literal) => {
        (Kind::$kind, $path, include_str!(concat!("../../../examples/kinds/", $path)))
    };
}

/// One of each kind.
const EXAMPLES: [(Kind, &str, &str); 12] = [
    example!(Folder, "folder/delivery/folder.yaml"),
    example!(Package, "package/delivery/package.yaml"),
    example!(Task, "task/delivery/task.yaml"),
    example!(SequentialTask, "sequential-task/delivery/sequential-task.yaml"),
    example!(Collection, "collection/delivery/collection.yaml"),
    example!(MaintenanceWindow, "maintenance-window/delivery/windows.yaml"),
    example!(PortalDefaults, "portal-defaults/delivery/portal-defaults.yaml"),
    example!(PortalSettings, "portal-settings/delivery/portal-settings.yaml"),
    example!(DeliveryPolicy, "delivery-policy/delivery/delivery-policy.yaml"),
    example!(AgentSettings, "agent-settings/delivery/agent-settings.yaml"),
    example!(PatchPlugin, "patch-plugin/delivery/patch-plugin.yaml"),
    example!(PurgeSettings, "purge-settings/delivery/purge-settings.yaml"),
];

/// What each kind is, in a line of the index.
const fn in_a_line(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "a console folder, and the rights that it hands down",
        Kind::Package => "files in one place, and the programs that run them",
        Kind::Program => "a command line of a package, and how it runs",
        Kind::Task => "one program of one package for some collections",
        Kind::SequentialTask => "several programs in a row",
        Kind::Collection => "computers, listed or found by a query",
        Kind::MaintenanceWindow => "when programs may start",
        Kind::PortalDefaults => "the portal rights that every program inherits",
        Kind::PortalSettings => "how the software portal shows itself on computers",
        Kind::DeliveryPolicy => "several resources, and one restart for them",
        Kind::AgentSettings => "how agents behave where that changes delivery",
        Kind::PatchPlugin => "who is enrolled for patching, and so holds a licence",
        Kind::PurgeSettings => "what the server forgets, and when",
    }
}

pub(super) fn chapters() -> Vec<(String, String)> {
    let mut chapters = vec![("kinds/README.md".to_owned(), index()), ("kinds/metadata.md".to_owned(), metadata())];
    chapters.extend(Kind::ALL.into_iter().map(|kind| (format!("kinds/{}", file(kind)), chapter(kind))));
    chapters.push(("project.md".to_owned(), project()));
    chapters
}

/// The file of a kind's chapter.
fn file(kind: Kind) -> String {
    format!("{}.md", kind.name())
}

fn index() -> String {
    let mut out = "# Manifests, kind by kind\n\n\
        A manifest is YAML: `apiVersion: consign/v1`, a `kind`, `metadata` that says what the item is called, and a `spec` that \
        says what it is. A file may hold several, with `---` between them. Every field of every kind is told here with what it \
        takes, what holds where it is left out, and what a change of it makes computers do; `consign explain KIND.FIELD` \
        says the same in a terminal, and the schemas in [`schema`](../../schema) say it to editors.\n\n\
        [`metadata`](metadata.md) is the same for every kind. [`consign.yaml`](../project.md) says what a project is.\n\n\
        | kind | is |\n| --- | --- |\n"
        .to_owned();
    for kind in Kind::ALL {
        out.push_str(&format!("| [{}]({}) | {} |\n", kind.name(), file(kind), in_a_line(kind)));
    }
    out.push_str(
        "\n## What a change leads to\n\nEach field names one of these, and so does a plan beside a difference:\n\n",
    );
    for effect in effects::Effect::ALL {
        out.push_str(&format!("- `{}`: {}\n", effect.name(), effect.meaning()));
    }
    out
}

fn metadata() -> String {
    // A kind with everything that any kind has there.
    let fields: Vec<Field> = manifest::all_fields(Kind::Task);
    let mut out = "# metadata\n\nWhat an item is called and where it lives. The same for every kind, but for programs, which are \
                   written inside their package's manifest.\n"
        .to_owned();
    for field in fields.iter().filter(|field| field.path.starts_with("metadata.")) {
        entry(&mut out, Kind::Task, field, "metadata.");
    }
    out
}

fn chapter(kind: Kind) -> String {
    let mut out = format!("# {}\n\n", kind.name());
    let about = manifest::about(kind);
    out.push_str(&format!("{}\n", linked(&words(&about), "../")));
    if kind == Kind::Program {
        out.push_str(
            "\nA program has no manifest of its own: it stands in the list `programs` of its [package](Package.md), and is an \
             item of its own all the same, with a GUID and rights of its own.\n",
        );
    } else {
        out.push_str("\nFor `apiVersion`, `kind` and `metadata` see [metadata](metadata.md).\n");
    }
    if let Some((_, path, text)) = EXAMPLES.iter().find(|(one, _, _)| *one == kind) {
        out.push_str(&format!(
            "\n## Example\n\nEvery field of it, from \
             [`examples/kinds/{path}`](../../examples/kinds/{path}):\n\n```yaml\n{}\n```\n",
            text.trim_end()
        ));
    }
    out.push_str("\n## Fields of `spec`\n");
    for field in manifest::all_fields(kind).iter().filter(|field| field.path.starts_with("spec.")) {
        // Each field of a program is told there.
        if kind == Kind::Package && field.path.starts_with("spec.programs.") {
            continue;
        }
        entry(&mut out, kind, field, "spec.");
        if kind == Kind::Package && field.path == "spec.programs" {
            out.push_str("- fields: those of a [program](Program.md)\n");
        }
    }
    out
}

fn project() -> String {
    let mut out = "# consign.yaml\n\nWhat a project is: which manifests it has, which servers they are for, what no change may do \
        unasked, and who hears of drift. [`examples/tour/consign.yaml`](../examples/tour/consign.yaml) is one. Secrets are named \
        here, never written here.\n"
        .to_owned();
    for field in manifest::project_fields() {
        let path = &field.path;
        out.push_str(&format!("\n## {path}\n\n"));
        facts(&mut out, &field, "");
    }
    out
}

fn entry(out: &mut String, kind: Kind, field: &Field, part: &str) {
    let name = field.path.strip_prefix(part).unwrap_or(&field.path);
    out.push_str(&format!("\n### {name}\n\n"));
    facts(out, field, "../");
    let entry = effects::of(kind, &field.path).expect("a test finds an effect for every field");
    let above = field.path.rsplit_once('.').and_then(|(above, _)| effects::of(kind, above));
    if above.is_some_and(|above| std::ptr::eq(above, entry)) {
        let above = name.rsplit_once('.').map_or(name, |(above, _)| above);
        out.push_str(&format!("- a change: as one of `{above}`\n"));
    } else {
        for (at, case) in entry.effects.cases.iter().enumerate() {
            let label = if at == 0 { "a change" } else { "or" };
            let rules = if case.rules.is_empty() { String::new() } else { format!(" ({})", case.rules.join(", ")) };
            let note = linked(&format!("{}{rules}", words(case.note)), "../");
            out.push_str(&format!("- {label}: `{}`, {note}\n", case.effect.name()));
        }
    }
    let known = capabilities::known();
    let held = servers(&known, kind, &field.path);
    // What every server that has the kind holds like any other field needs no line.
    let all = known.iter().filter(|(_, server)| server.kinds.contains(&kind)).map(|(name, _)| *name);
    if held != all.collect::<Vec<_>>().join(", ") {
        out.push_str(&format!("- servers: {held}\n"));
    }
}

/// What a field is and takes.
fn facts(out: &mut String, field: &Field, up: &str) {
    let about = words(&field.about);
    if !about.is_empty() {
        out.push_str(&format!("{}\n\n", linked(&about, up)));
    }
    out.push_str(&format!("- takes: {}\n", words(&field.takes)));
    for (word, about) in &field.choices {
        out.push_str(&format!("  - `{word}`: {}\n", linked(&words(about), up)));
    }
    let default = match &field.default {
        Some(serde_json::Value::Null) => "none; it may be left out".to_owned(),
        Some(value) => format!("`{value}`"),
        None if field.is_required => "none; it must be there".to_owned(),
        None => "none".to_owned(),
    };
    out.push_str(&format!("- default: {default}\n"));
}

/// A text of a type as prose: in one line, and links to types as code.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}
