//! Packages.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PKG_1, &PKG_2, &PKG_3, &PKG_6, &PKG_7, &PKG_8];

/// A package's version is a free label, written as text.
pub static PKG_1: Rule = Rule {
    id: "PKG-1",
    title: "a package's version is a free label, written as text",
    source: "SWD 6.1 guide, Package Tab",
    acts: &[Act::Validate],
    explain: "Nothing but a person changes a version, and servers compare it as text. Without quotes YAML reads a number: \
              `24.08` loses its form, `1.10` becomes 1.1. Put it in quotes. Left out it is `1.0`. The publisher is for \
              the software portal only.",
};

/// A package's source is none, local, UNC, or URL with its UNC directory.
pub static PKG_2: Rule = Rule {
    id: "PKG-2",
    title: "a package's source is none, local, UNC, or URL with its UNC directory",
    source: "SWD 6.1 guide, Package Tab",
    acts: &[Act::Validate],
    explain: "`{none: {}}`: nothing is downloaded. `{local: PATH}`: an absolute directory on the server, such as \
              `D:\\Packages\\7zip`. `{unc: PATH}`: a share `\\\\server\\share\\…` that every agent uses as given. `{url: \
              URL, directory: UNC}`: a web address, and the share of the same files, from which the server takes its \
              snapshot; without the directory there is no snapshot and nothing can be downloaded.",
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

/// An agent keeps a package while a task for it is active.
pub static PKG_3: Rule = Rule {
    id: "PKG-3",
    title: "an agent keeps a package while a task for it is active",
    source: "SWD 6.1 guide, Advanced Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "An agent deletes a package that was unused for `deleteUnusedAfter`, but never while a task for \
              it is active on that computer; a task that runs as soon as possible is active for as long as \
              the computer is in its collection. A plan says where no task holds a package any more, so that \
              it ages out. Target a collection that a computer leaves once the software is there.",
};

/// New files reach computers after the distribution point is updated.
pub static PKG_6: Rule = Rule {
    id: "PKG-6",
    title: "new files reach computers after the distribution point is updated",
    source: "SWD 6.1 guide, Distribution Point",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "The update takes a snapshot: by hand, or by the schedule that runs every 10 minutes over \
              changed packages. A changed or added file is downloaded again whole, a removed one is deleted \
              from the cache. A plan says how many computers download and how many bytes that is, by the last \
              snapshot.",
};

/// A new location counts after the distribution point is updated.
pub static PKG_7: Rule = Rule {
    id: "PKG-7",
    title: "a new location counts after the distribution point is updated",
    source: "SWD 6.1 guide, Codebases",
    acts: &[Act::Consequence, Act::Server],
    explain: "Changing where a package lies does not change its codebases until the distribution point is \
              updated, a snapshot is taken and package servers have fetched it. Until then agents download \
              from the old place: leave the files there.",
};
