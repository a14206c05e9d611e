//! Packages.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PKG_1, &PKG_2, &PKG_3, &PKG_4, &PKG_5, &PKG_6, &PKG_7, &PKG_8];

/// A package's version is a free label, written as text.
pub static PKG_1: Rule = Rule {
    id: "PKG-1",
    title: "a package's version is a free label, written as text",
    source: "SWD 6.1 guide, Package Tab",
    acts: &[Act::Validate, Act::Server],
    explain: "Nothing but a person changes a version, and servers compare it as text. Without quotes YAML reads a number: \
              `24.08` loses its form, `1.10` becomes 1.1. Put it in quotes. Left out it is `1.0`. The publisher is for \
              the software portal only.",
};

/// A package's source is none, local, UNC, or URL with its UNC directory.
pub static PKG_2: Rule = Rule {
    id: "PKG-2",
    title: "a package's source is none, local, UNC, or URL with its UNC directory",
    source: "SWD 6.1 guide, Package Tab",
    acts: &[Act::Validate, Act::Server],
    explain: "`{none: {}}`: nothing is downloaded. `{local: PATH}`: an absolute directory on the server, such as \
              `D:\\Packages\\7zip`. `{unc: PATH}`: a share `\\\\server\\share\\…` that every agent uses as given. `{url: \
              URL, directory: UNC}`: a web address, and the share of the same files, from which the server takes its \
              snapshot; without the directory there is no snapshot and nothing can be downloaded.",
};

/// An unused package is deleted, but never while a task for it is active.
pub static PKG_3: Rule = Rule {
    id: "PKG-3",
    title: "an unused package is deleted, but never while a task for it is active",
    source: "SWD 6.1 guide, Package Tab",
    acts: &[Act::Lint, Act::Consequence, Act::Forecast],
    explain: "An agent deletes a package that was unused for `deleteUnusedAfter`, and keeps it as long as any \
              task for it is active on the computer. An as-soon-as-possible task stays active while the computer \
              is in its collection, so its package never ages out. Target a collection that a computer leaves \
              once the software is there, or set `removeAfterSuccess: true`. The lint speaks where the manifests show \
              that nobody leaves: members by name, or a query that asks neither for software nor for what is not \
              there.",
};

/// A second copy on the client is refreshed only right before a run.
pub static PKG_4: Rule = Rule {
    id: "PKG-4",
    title: "a second copy on the client is refreshed only right before a run",
    source: "SWD 6.1 guide, Advanced Tab",
    acts: &[Act::Lint, Act::Server],
    explain: "With `alternateDownloadFolder` an agent keeps the files twice: where it keeps all packages, and there. New \
              files come to the first place when they are downloaded, and to the second only right before a program \
              of the package runs. The lint speaks where the package has no files to copy, where all that runs it runs \
              once, and where a program of another package works in that folder. Let a task of the package repeat, or \
              do without the second copy.",
};

/// Without verbose status the server records nothing of downloads.
pub static PKG_5: Rule = Rule {
    id: "PKG-5",
    title: "without verbose status the server records nothing of downloads",
    source: "SWD 6.1 guide, Advanced Tab",
    acts: &[Act::Lint, Act::Consequence, Act::Server],
    explain: "With `verboseStatusEvents: false` agents send no package events. A package that a computer lacks \
              cannot be told from one that it has then, so a plan says at most how many download it or keep it. The lint \
              speaks where something that is switched on delivers the package's files. Leave the field out, unless \
              the server can take no more events.",
};

/// New files reach agents only when the distribution point is updated.
pub static PKG_6: Rule = Rule {
    id: "PKG-6",
    title: "new files reach agents only when the distribution point is updated",
    source: "SWD 6.1 guide, Apply, Cancel, and Update Distribution Point",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "The update, by hand or by the schedule that runs every 10 minutes over changed packages, takes a \
              snapshot: files, sizes, times, a hash. A changed or added file is then downloaded again, whole, by \
              every computer that holds the package; a removed one is deleted from its cache.",
};

/// A new location changes the codebases only after an update of the distribution point.
pub static PKG_7: Rule = Rule {
    id: "PKG-7",
    title: "a new location changes the codebases only after an update of the distribution point",
    source: "SWD 6.1 guide, Package Codebases",
    acts: &[Act::Consequence, Act::Server],
    explain: "Until the distribution point is updated, a snapshot is taken and package servers have fetched it, \
              agents go on asking where the package was. Keep the old place until then.",
};

/// A package in use stays.
pub static PKG_8: Rule = Rule {
    id: "PKG-8",
    title: "a package in use stays",
    source: "SWD 6.1 guide, Package Tab; ItemReference",
    acts: &[Act::Validate, Act::Plan, Act::Consequence, Act::Server],
    explain: "A server does not delete a package while a task, a sequential task or a policy uses it. So a manifest \
              that refers to a package which no manifest declares asks for something that cannot be: either the name \
              is wrong, or the package was removed too early. Correct the name, keep the package until its last task \
              is gone, or list it under `externals` in `consign.yaml` when others look after it.",
};
