//! *Did you mean*: the nearest of some words.

/// The candidate that `word` is most likely a misspelling of, if one is near enough; of several the first in order.
///
/// Letters of another case count as a quarter of an edit, so that `commandline` finds `commandLine` before anything
/// else. Swapped neighbours are one edit.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LENGTH_MAX + 1).collect();
    if word.is_empty() || word.len() > LENGTH_MAX {
        return None;
    }
    // A third of the word may differ; in quarters of an edit.
    let most = (word.len().div_ceil(3) * 4).max(4);
    let mut best: Option<(usize, &str)> = None;
    let mut letters = Vec::new();
    for candidate in candidates {
        letters.clear();
        letters.extend(candidate.chars().take(LENGTH_MAX + 1));
        if letters.len() > LENGTH_MAX || letters.len().abs_diff(word.len()) * 4 > most {
            continue;
        }
        let distance = distance(&word, &letters);
        if distance <= most && best.is_none_or(|(d, name)| (distance, candidate) < (d, name)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// `, did you mean `x`?` for the nearest candidate, or nothing: the end of a message.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|name| format!("did you mean `{}`?", super::visible(name)))
}

/// Longer words are not compared: nobody misspells them, and the work grows with the square.
const LENGTH_MAX: usize = 128;

/// Edit distance with neighbours swapped (optimal string alignment), in quarters of an edit.
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).map(|at| at * 4).collect();
    let mut row = vec![0; width];
    for i in 1..=a.len() {
        row[0] = i * 4;
        for j in 1..=b.len() {
            let change = cost(a[i - 1], b[j - 1]);
            let mut least = (above[j - 1] + change).min(above[j] + 4).min(row[j - 1] + 4);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 4);
            }
            row[j] = least;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[b.len()]
}

fn cost(a: char, b: char) -> usize {
    if a == b {
        0
    } else if a.to_lowercase().eq(b.to_lowercase()) {
        1
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_is_found_and_the_far_is_not() {
        let keys = ["commandLine", "maxRunTime", "successCodes", "runWith", "canRun"];
        for (word, expected) in [
            ("commandline", Some("commandLine")),
            ("comandLine", Some("commandLine")),
            ("maxRuntime", Some("maxRunTime")),
            ("sucessCode", Some("successCodes")),
            ("runwiht", Some("runWith")),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }

    #[test]
    fn a_very_long_word_is_not_compared() {
        let long = "a".repeat(1_000_000);
        assert_eq!(nearest(&long, ["a"]), None);
        assert_eq!(nearest("a", [long.as_str()]), None);
    }
}
