//! Reading manifests and the project file. The family is the project's own.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[
    &MAN_1, &MAN_2, &MAN_3, &MAN_4, &MAN_5, &MAN_6, &MAN_7, &MAN_8, &MAN_9, &MAN_10, &MAN_11, &MAN_12, &MAN_13,
    &MAN_14, &MAN_15, &MAN_16, &MAN_17, &MAN_18,
];

/// A manifest is YAML.
pub static MAN_1: Rule = Rule {
    id: "MAN-1",
    title: "a manifest is YAML",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "What cannot be read as YAML cannot be checked, so nothing of that document is used. Besides the syntax \
              this covers text that is not UTF-8, control characters, tabs used as indentation, and the marks that an \
              unfinished Git merge leaves behind. Mend the place that is shown; the documents after it, up to the next \
              `---`, are read all the same.",
};

/// A manifest has no keys but the documented ones.
pub static MAN_2: Rule = Rule {
    id: "MAN-2",
    title: "a manifest has no keys but the documented ones",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "A key that nobody reads looks as if it did something. So a key that is not part of the kind is an error \
              and the nearest right one is named. `consign explain KIND` lists the keys; the schemas in `schema/` let \
              an editor complete them.",
};

/// A value has the type and form of its field.
pub static MAN_3: Rule = Rule {
    id: "MAN-3",
    title: "a value has the type and form of its field",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "The finding says what the field takes. Often quotes are missing: YAML reads `1.10`, \
              `true` and `2026` as something other than text. Durations are a whole number and a unit (`30m`, `4h`, `7d`), times \
              of day are quoted (`\"17:00\"`), dates are `2026-12-31`.",
};

/// A manifest has the keys its kind needs.
pub static MAN_4: Rule = Rule {
    id: "MAN-4",
    title: "a manifest has the keys its kind needs",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "Most fields have a documented default and can be left out. The few that have none must be written, \
              because any default would be a guess about computers. Add the key that the finding names.",
};

/// No anchors, aliases, merge keys, tags or directives.
pub static MAN_5: Rule = Rule {
    id: "MAN-5",
    title: "no anchors, aliases, merge keys, tags or directives",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "Two readers take these features of YAML differently, and a reviewer does not see what they expand to; a \
              few lines of aliases can also grow to gigabytes. Write the value out where it is used. For what differs \
              between servers there are `variables` and `overlays`.",
};

/// A key stands once in its map.
pub static MAN_6: Rule = Rule {
    id: "MAN-6",
    title: "a key stands once in its map",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "Of a key that is written twice most YAML readers silently take the last. Here both are shown. Remove one \
              of them.",
};

/// Manifests stay within the limits.
pub static MAN_7: Rule = Rule {
    id: "MAN-7",
    title: "manifests stay within the limits",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "A file may have 4 MiB, 10,000 documents and 200,000 values, nested 32 deep; a run may read 100,000 files \
              of 256 MiB together, from directories 64 deep. What is larger is no manifest that a person wrote. Split \
              the file, or point `manifests` at the directory that is meant.",
};

/// Manifests are regular files below the project file.
pub static MAN_8: Rule = Rule {
    id: "MAN-8",
    title: "manifests are regular files below the project file",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "Manifests come from pull requests, so nothing they name may lead out of the project: no `..`, no \
              absolute path, no symbolic link to elsewhere, no device, pipe or socket. A link to a file inside the \
              project is followed, and no file is read twice. Move the file into the project, or name another.",
};

/// An item is declared once.
pub static MAN_9: Rule = Rule {
    id: "MAN-9",
    title: "an item is declared once",
    source: "consign, manifests",
    acts: &[Act::Manifest, Act::Validate],
    explain: "Kind and name are an item's identity inside a project (for a program, its package and name), so two \
              manifests of one name would fight over one object. Names that differ only in case are one name to the \
              servers. The same goes for a GUID pinned twice, for an alias that is still somebody's name, and for a \
              second `PortalDefaults` or `PurgeSettings`, of which a server has one. Rename or remove one of the two.",
};

/// A reference names something.
pub static MAN_10: Rule = Rule {
    id: "MAN-10",
    title: "a reference names something",
    source: "consign, manifests",
    acts: &[Act::Manifest, Act::Validate],
    explain: "References are by name and exact. What a manifest refers to must be declared by a manifest of the \
              project, or be listed under `externals` in `consign.yaml` when others look after it. The nearest name is \
              shown; a name of another kind is said to be one.",
};

/// A variable has a value.
pub static MAN_11: Rule = Rule {
    id: "MAN-11",
    title: "a variable has a value",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "`${{ name }}` in a text below `spec`, or in `metadata.folder`, stands for a value under \
              `servers.SERVER.variables` in `consign.yaml`. A name without a value would reach computers as it is \
              written. Add it to each server, or write `$${{` where the braces themselves are meant. Names, keys and \
              numbers hold no variables: an item's identity is the same on every server.",
};

/// An overlay changes an item that is there.
pub static MAN_12: Rule = Rule {
    id: "MAN-12",
    title: "an overlay changes an item that is there",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "An overlay changes fields of an item for one server; it never adds one. It names its item by kind and \
              `metadata.name`. An overlay whose item no manifest declares does nothing, most likely because the item \
              was renamed. Rename the overlay, or remove it.",
};

/// There is something to read.
pub static MAN_13: Rule = Rule {
    id: "MAN-13",
    title: "there is something to read",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "A project without a single manifest more often is a wrong directory, an empty checkout or files that Git \
              LFS did not fetch than an empty site, and taking it for one would read as *delete everything*. Correct \
              `manifests` in `consign.yaml`, or fetch the files.",
};

/// Names are fit to be shown and compared.
pub static MAN_14: Rule = Rule {
    id: "MAN-14",
    title: "names are fit to be shown and compared",
    source: "consign, manifests",
    acts: &[Act::Manifest, Act::Validate],
    explain: "A name is not empty, has at most 255 characters, no space at either end and no control characters, line \
              ends or invisible characters, since people compare names by eye and reports show them. A folder's path \
              has no empty part, and `/` in a folder's own name would be another folder: the path to it goes into \
              `metadata.folder`.",
};

/// A schedule and its dates do not contradict themselves.
pub static MAN_15: Rule = Rule {
    id: "MAN-15",
    title: "a schedule and its dates do not contradict themselves",
    source: "consign, manifests",
    acts: &[Act::Validate],
    explain: "An `every` above 1 needs `from`, or nobody can say which week or month is meant. A time span ends after \
              it begins; an interval is at least a minute; days and dates are listed once. Otherwise the computers \
              would never start, or each server would guess another way.",
};

/// An allow names a lint, and says why.
pub static MAN_16: Rule = Rule {
    id: "MAN-16",
    title: "an `allow` names a lint, and says why",
    source: "consign, manifests",
    acts: &[Act::Manifest],
    explain: "`# consign: allow PRG-1 because …` silences one lint at the end of the line it points at, or on a line of its \
              own right above that line. Without a reason nobody can tell later whether it still holds, so it silences \
              nothing; nor does one of a rule that is not there. Only lints can be allowed. What is an error stays one, \
              also where the project's `policy.severities` makes it so: that is for those who own the policy. What a \
              plan leads to is acknowledged under `metadata.acknowledge`.",
};

/// An allow silences something.
pub static MAN_17: Rule = Rule {
    id: "MAN-17",
    title: "an `allow` silences something",
    source: "consign, manifests",
    acts: &[Act::Lint],
    explain: "A comment that allows what is not there was left behind by a change, stands on the wrong line, or would \
              silence something else one day. Remove it, or move it to the line that the finding points at. \
              `validate` says so when it looks at the project as every server sees it and finds no error.",
};

/// A text that readers of YAML take differently is in quotes.
pub static MAN_18: Rule = Rule {
    id: "MAN-18",
    title: "a text that readers of YAML take differently is in quotes",
    source: "YAML 1.1, types; YAML 1.2, core schema",
    acts: &[Act::Lint],
    explain: "Here manifests are read as YAML 1.2, where `no`, `17:00`, `017` and `1_000` are texts. Many tools \
              read YAML 1.1, and to them these are a truth value and numbers: an editor, a script or a template would \
              write back something else. Put such a text in quotes.",
};
