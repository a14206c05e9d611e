//! Small random sites: one that is there, and one that is wanted.

use crate::model::collection::Collection;
use crate::model::folder::Folder;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::sequence::SequenceStep;
use crate::model::sequence::SequentialTask;
use crate::model::site::Site;
use crate::model::task::Task;
use crate::sys::retry::Rng;

/// What is there and what is wanted.
pub(super) struct Estate {
    pub before: Site,
    pub after: Site,
    pub prune: bool,
}

impl Estate {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let prune = rng.below(2) == 0;
        Self { before: site(rng), after: site(rng), prune }
    }
}

/// A site of a few items over the same few names, so that two of them meet in every way.
fn site(rng: &mut Rng) -> Site {
    let mut site = Site::default();
    let mut add = |key: ItemKey, folder: Option<&str>, spec: Spec| {
        let mut item = Item::new(key, spec);
        item.folder = folder.map(str::to_owned);
        site.insert(item);
    };
    add(ItemKey::new(Kind::Folder, "Owned"), None, Spec::Folder(Folder::default()));
    let sub = rng.below(2) == 0;
    if sub {
        add(ItemKey::new(Kind::Folder, "Owned/Sub"), Some("Owned"), Spec::Folder(Folder::default()));
    }
    let place = |rng: &mut Rng| if sub && rng.below(2) == 0 { "Owned/Sub" } else { "Owned" };
    let mut pairs = Vec::new();
    for package in ["alpha", "beta", "gamma"] {
        if rng.below(3) == 0 {
            continue;
        }
        let spec = Package { version: format!("{}.0", rng.below(3)), ..Package::default() };
        add(ItemKey::new(Kind::Package, package), Some(place(rng)), Spec::Package(spec));
        for program in ["Install", "Remove"] {
            if rng.below(4) == 0 {
                continue;
            }
            add(ItemKey::program(package, program), None, Spec::Program(self::program(program, rng.below(3))));
            pairs.push((package, program));
        }
    }
    let mut collections: Vec<&str> = Vec::new();
    for name in ["all", "east", "west"] {
        // One is always there: a project that declares nothing is refused, rightly.
        if name != "all" && rng.below(4) == 0 {
            continue;
        }
        let mut spec = Collection { description: format!("{}", rng.below(2)), ..Collection::default() };
        spec.include = collections.iter().filter(|_| rng.below(2) == 0).map(|name| (*name).to_owned()).collect();
        add(ItemKey::new(Kind::Collection, name), Some(place(rng)), Spec::Collection(spec));
        collections.push(name);
    }
    let targets = |rng: &mut Rng| -> Vec<String> {
        collections.iter().filter(|_| rng.below(2) == 0).map(|name| (*name).to_owned()).collect()
    };
    for name in ["one", "two"] {
        if pairs.is_empty() || rng.below(3) == 0 {
            continue;
        }
        let (package, program) = pairs[rng.below(pairs.len() as u64) as usize];
        let mut spec: Task =
            serde_json::from_value(serde_json::json!({"package": package, "program": program})).expect("a task");
        spec.enabled = rng.below(4) != 0;
        spec.collections = targets(rng);
        add(ItemKey::new(Kind::Task, name), Some(place(rng)), Spec::Task(spec));
    }
    if !pairs.is_empty() && rng.below(3) != 0 {
        let steps = (0..1 + rng.below(3))
            .map(|_| {
                let (package, program) = pairs[rng.below(pairs.len() as u64) as usize];
                SequenceStep { package: package.to_owned(), program: program.to_owned(), depends_on: Vec::new() }
            })
            .collect::<Vec<_>>();
        let mut spec: SequentialTask =
            serde_json::from_value(serde_json::json!({"steps": steps})).expect("a sequential task");
        spec.collections = targets(rng);
        add(ItemKey::new(Kind::SequentialTask, "chain"), Some(place(rng)), Spec::SequentialTask(spec));
    }
    site
}

fn program(name: &str, variant: u64) -> Program {
    serde_json::from_value(serde_json::json!({"name": name, "commandLine": format!("setup.exe /S /v{variant}")}))
        .expect("a program")
}
