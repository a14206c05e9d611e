//! Import of definition files, winget manifests and policy documents. The family is the project's own.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&IMP_1, &IMP_2, &IMP_3, &IMP_4, &IMP_5, &IMP_6, &IMP_7, &IMP_8, &IMP_9];

const SOURCE: &str = "consign, import of definition files";

/// A definition is text in an encoding that is known.
pub static IMP_1: Rule = Rule {
    id: "IMP-1",
    title: "a definition is text in an encoding that is known",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Definition files are read as UTF-8 or UTF-16 where they say so, as UTF-8 where they are valid UTF-8, and \
              otherwise in the Windows code page that `--encoding` names, windows-1252 if nothing is said. A code page \
              cannot be told from the bytes, so the first line that depends on it is shown: look whether its letters \
              are right. A file that does not hold what its encoding allows is not read, for a wrong letter in a \
              command line runs something else.",
};

/// A definition has the sections and keys that its format needs.
pub static IMP_2: Rule = Rule {
    id: "IMP-2",
    title: "a definition has the sections and keys that its format needs",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Without a name there is no package, and without a command line no program. What a format lets people \
              leave out has a documented default; for the rest any default would be a guess. Nothing of that file is \
              imported; the other files are. Complete the file, or write its manifest by hand with `consign new \
              Package NAME`.",
};

/// A value that is not understood is left at its default, and told.
pub static IMP_3: Rule = Rule {
    id: "IMP-3",
    title: "a value that is not understood is left at its default, and told",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Servers import a definition with a bad value all the same, and put the default in its place. So does \
              `consign import`, but it says which value, where, and what stands in the manifest now, there as a \
              comment. The same holds where two values exclude each other and the format says which of them wins.",
};

/// What has no place in a manifest becomes a comment.
pub static IMP_4: Rule = Rule {
    id: "IMP-4",
    title: "what has no place in a manifest becomes a comment",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Formats hold more than a delivery server of this kind: icons, platforms, inventory keys, detection rules of \
              other tools. Nothing of it is dropped without a word: it stands as a comment where it belongs in the \
              manifest, with file and line. Decide what becomes of it, such as a collection that holds the right \
              platforms only, and delete the comment.",
};

/// Of two equal keys or sections the first counts.
pub static IMP_5: Rule = Rule {
    id: "IMP-5",
    title: "of two equal keys or sections the first counts",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Windows reads the first of several equal keys or sections in such a file and never sees the others. The \
              manifest says what Windows would have read. Remove the one that is not meant, and import the file again \
              if it is the first.",
};

/// A format that is newer than this program is not guessed at.
pub static IMP_6: Rule = Rule {
    id: "IMP-6",
    title: "a format that is newer than this program is not guessed at",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "winget manifests say the version of their format. Within version 1 newer ones only add fields, so they are \
              read, with a warning that what was added is not known here. A version 2 may mean something else by the \
              same words, so it is not read. The same holds for a package definition file: 1.0 and 2.0 are known, \
              2.1 would be read with a warning, and 3.0 or what is no version at all is not read.",
};

/// A policy document is plain XML of a bounded size.
pub static IMP_7: Rule = Rule {
    id: "IMP-7",
    title: "a policy document is plain XML of a bounded size",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "No agent's policy document has a document type or entities of its own, but such declarations can make a \
              small file a huge one, or read other files. So they are refused unread, as is a file that is larger than \
              any policy. Take the file anew from a computer, from `Client Policies` below the agent's directory.",
};

/// Names stay unique.
pub static IMP_8: Rule = Rule {
    id: "IMP-8",
    title: "a name that cannot stay as it is is changed, and told",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "Several definitions often have one name: versions of a product, or copies of one file. Copies that say the \
              same become one manifest. Others get their version behind the name, or a number, because a name is what \
              tells items of a project apart, and case does not. What nobody sees in a name becomes a space, and of \
              more than 255 characters the rest goes (MAN-14). The manifest says what the item was called.",
};

/// An import replaces no file.
pub static IMP_9: Rule = Rule {
    id: "IMP-9",
    title: "an import replaces no file",
    source: SOURCE,
    acts: &[Act::Import],
    explain: "A manifest that is there may have been edited since it was imported. Where the same text stands there \
              already, nothing is to be done; where another one does, nothing at all is written. Import into another \
              directory and compare the two, or delete the file if it is not needed any more.",
};
