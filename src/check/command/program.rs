//! The beginning of a command line: which program it names, and whether Windows would find the same.

use super::Fault;
use super::quoting;
use super::quoting::Word;

/// What Windows starts, or `cmd` does.
const RUN: [&str; 5] = [".exe", ".com", ".cmd", ".bat", ".msi"];

/// What stands in a command line as a program and is none, and what is needed instead.
const NOT_RUN: [(&str, &str); 14] = [
    (".ps1", "write `powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File` before it"),
    (".reg", "write `reg.exe import` before it"),
    (".zip", "unpack the archive into the package, and run the installer in it"),
    (".7z", "unpack the archive into the package, and run the installer in it"),
    (".rar", "unpack the archive into the package, and run the installer in it"),
    (".cab", "write `dism.exe /Online /Add-Package /PackagePath:` before it, or unpack it"),
    (".iso", "unpack the image into the package, and run the installer in it"),
    (".php", "this looks like the end of a download address; name the file that the package holds"),
    (".msix", "write `dism.exe /Online /Add-ProvisionedAppxPackage /SkipLicense /PackagePath:` before it"),
    (".msixbundle", "write `dism.exe /Online /Add-ProvisionedAppxPackage /SkipLicense /PackagePath:` before it"),
    (".appx", "write `dism.exe /Online /Add-ProvisionedAppxPackage /SkipLicense /PackagePath:` before it"),
    (".appxbundle", "write `dism.exe /Online /Add-ProvisionedAppxPackage /SkipLicense /PackagePath:` before it"),
    (".xml", "name the program that reads it"),
    (".txt", "name the program that reads it"),
];

/// Variables that stand for a path with a blank on every Windows.
const WITH_BLANK: [&str; 6] = [
    "ProgramFiles",
    "ProgramFiles(x86)",
    "ProgramW6432",
    "CommonProgramFiles",
    "CommonProgramFiles(x86)",
    "CommonProgramW6432",
];

/// Programs of Windows whose names are misspelt now and then, long enough to tell.
const KNOWN: [&str; 6] = ["msiexec", "powershell", "wscript", "cscript", "regsvr32", "shutdown"];

/// A path without quotes is looked for over so many blanks.
const BLANKS_MAX: usize = 12;

/// The last part of a path in lower case, without `.exe`.
pub(super) fn file_name(path: &str) -> String {
    let name = path.rsplit(['\\', '/']).next().unwrap_or(path).to_ascii_lowercase();
    name.strip_suffix(".exe").unwrap_or(&name).to_owned()
}

/// Whether a path ends so, in any case.
pub(super) fn ends(path: &str, ending: &str) -> bool {
    path.len() >= ending.len()
        && path.is_char_boundary(path.len() - ending.len())
        && path[path.len() - ending.len()..].eq_ignore_ascii_case(ending)
}

/// The program that `text` names. Without quotes, a path with blanks goes on up to the first part that Windows runs, as
/// `CreateProcess` would find it.
pub(super) fn start(text: &str, place: Option<usize>, in_shell: bool, faults: &mut Vec<Fault>) -> Word {
    let (word, unclosed) = quoting::program(text);
    let at = |range: std::ops::Range<usize>| place.map(|place| place + range.start..place + range.end);
    if unclosed.is_some() {
        faults.push(Fault::Unclosed);
        return word;
    }
    if let Some(rest) = text.strip_prefix("\"\"")
        && !rest.trim_start_matches('"').trim().is_empty()
    {
        faults.push(Fault::DoubledQuotes);
        return doubled(text);
    }
    let raw = &text[word.range.clone()];
    if raw.starts_with('"') {
        if let Some((first, rest)) = word.text.split_once([' ', '\t'])
            && (KNOWN.contains(&file_name(first).as_str()) || ends(first, ".exe"))
            && rest.trim_start().starts_with(['/', '-'])
        {
            faults.push(Fault::SwitchesInQuotes(word.text.clone()));
        }
    } else if let Some(whole) = unquoted_path(text, &word) {
        faults.extend(at(whole.range.clone()).map(Fault::UnquotedPath));
        return whole;
    } else if let Some(variable) = quoting::variables(raw).into_iter().find(|name| is_with_blank(name)) {
        faults.extend(at(word.range.clone()).map(|range| Fault::UnquotedVariable(range, variable.to_owned())));
    }
    unfit(&word.text, in_shell, faults);
    word
}

/// What `""C:\a b\c.exe"" /x` was to name.
fn doubled(text: &str) -> Word {
    let inner = text.trim_start_matches('"');
    let from = text.len() - inner.len();
    let to = inner.find('"').map_or(text.len(), |at| from + at);
    let end = to + text[to..].chars().take_while(|c| *c == '"').count();
    Word { text: text[from..to].to_owned(), range: 0..end }
}

/// Whether a variable stands for a path with a blank.
pub(super) fn is_with_blank(name: &str) -> bool {
    WITH_BLANK.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether Windows runs a file of this name.
pub(super) fn is_run(path: &str) -> bool {
    RUN.iter().any(|ending| ends(path, ending))
}

/// `C:\Program Files\x\y.exe`, without quotes: the words that belong together.
fn unquoted_path(text: &str, first: &Word) -> Option<Word> {
    let is_path = first.text.contains('\\') && !first.text.starts_with(['/', '-']);
    if !is_path || is_run(&first.text) || text[first.range.clone()].contains('"') {
        return None;
    }
    let mut to = first.range.end;
    for _ in 0..BLANKS_MAX {
        let rest = &text[to..];
        let word = rest.trim_start_matches([' ', '\t']);
        let from = to + rest.len() - word.len();
        let length = word.find([' ', '\t']).unwrap_or(word.len());
        let word = &word[..length];
        if word.is_empty() || word.starts_with(['/', '-', '"', '&', '|']) {
            return None;
        }
        to = from + length;
        if is_run(word) && word.contains('\\') {
            return Some(Word { text: text[..to].to_owned(), range: 0..to });
        }
    }
    None
}

/// What no Windows runs under this name.
fn unfit(name: &str, in_shell: bool, faults: &mut Vec<Fault>) {
    if let Some((_, instead)) = NOT_RUN.iter().find(|(ending, _)| ends(name, ending)) {
        faults.push(Fault::NotAProgram(name.to_owned(), instead));
    }
    if !name.contains(['\\', '/']) {
        let file = file_name(name);
        let is_known = KNOWN.contains(&file.as_str());
        if let Some(known) = KNOWN.iter().find(|known| !is_known && is_one_slip(&file, known)) {
            faults.push(Fault::Misspelt(name.to_owned(), known));
        }
        if !in_shell && super::shell::is_built_in(name) {
            faults.push(Fault::BuiltIn(name.to_owned()));
        }
    }
}

/// Whether one letter too many, one too few, one wrong or two swapped make `word` of `meant`.
fn is_one_slip(word: &str, meant: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), meant.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => false,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) if a == b => true,
        ([x, y, a @ ..], [v, w, b @ ..]) if x == w && y == v && a == b => true,
        ([_, a @ ..], [_, b @ ..]) => a == b,
        _ => false,
    }
}
